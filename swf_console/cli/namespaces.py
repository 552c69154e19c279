"""`swf-console namespaces`: list namespaces with owners and counts, create one."""

import argparse
from dataclasses import asdict

from ..backend.core.format import capped, instant
from ..backend.core.settings import load_settings
from .arguments import add_json
from .output import brief, emit, say, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions; without one, list."""
    add_json(parser)
    actions = parser.add_subparsers(dest="action", metavar="list|create")
    add_json(actions.add_parser("list", help="list namespaces by name"))
    made = actions.add_parser("create", help="create a namespace that you own")
    made.add_argument("name", metavar="NAME", help="1-100 letters, digits, '.', '_' and '-'")
    add_json(made, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    return create(arguments) if arguments.action == "create" else list_all(arguments)


def create(arguments: argparse.Namespace) -> int:
    """Create a namespace; exit code 5 if it exists already."""
    from ..backend.services.database import opened
    from ..backend.services.namespaces import create_namespace

    settings = load_settings(home=arguments.home)
    with opened(settings) as database:
        name = create_namespace(settings, database, arguments.name)
    if arguments.json:
        emit({"name": name, "owner": settings.user})
    else:
        say(f"namespace {name} created; set it in testbed.toml to use it")
    return 0


def list_all(arguments: argparse.Namespace) -> int:
    """Print them by name."""
    from ..backend.database.records.pages import COUNT_CAP
    from ..backend.services.database import opened
    from ..backend.services.namespaces import list_namespaces

    with opened(load_settings(home=arguments.home)) as database:
        found = list_namespaces(database)
    if arguments.json:
        for use in found:
            counts = {name: getattr(use, name) for name in ("executions", "messages", "agents")}
            emit({**asdict(use.namespace), **counts, "counted_up_to": COUNT_CAP - 1})
        return 0
    if not found:
        say("No namespaces yet. The first run creates one: swf-console --run stf_datataking --namespace NAME")
        return 0
    rows = []
    for use in found:
        numbers = (capped(count, COUNT_CAP) for count in (use.executions, use.messages, use.agents))
        one = use.namespace
        rows.append(
            (brief(one.name), brief(one.owner), *numbers, instant(one.created_at), brief(one.description, 80))
        )
    table(("namespace", "owner", "executions", "messages", "agents", "created (UTC)", "description"), rows)
    return 0

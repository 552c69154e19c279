"""`swf-console definitions`: list and show workflow definitions."""

import argparse
import json
from typing import TYPE_CHECKING

from ..backend.core.format import instant
from ..backend.core.settings import load_settings
from .arguments import add, add_json, add_page, given, limit_of
from .output import brief, emit, fields, heading, lines, say, show, table

if TYPE_CHECKING:
    from ..backend.core.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions; without one, list."""
    add_list_arguments(parser)
    actions = parser.add_subparsers(dest="action", metavar="list|show")
    add_list_arguments(actions.add_parser("list", help="list definitions, newest first"))
    shown = actions.add_parser("show", help="show one with its code and parameters")
    shown.add_argument(
        "definition", metavar="ID|NAME|NAME@VERSION", help="a name without version is its newest version"
    )
    add_json(shown, "one JSON object")


def add_list_arguments(parser: argparse.ArgumentParser) -> None:
    """The filters of the list."""
    add(parser, "--workflow", "NAME", "only those of this workflow")
    add_page(parser)
    add_json(parser, "one JSON object per line; the last line has the cursor of the next page, if any")


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    settings = load_settings(home=arguments.home)
    return (
        show_one(arguments, settings)
        if arguments.action == "show"
        else list_definitions_page(arguments, settings)
    )


def list_definitions_page(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print a page, newest first."""
    from ..backend.services.database import opened
    from ..backend.services.definitions import list_definitions

    limit, name = limit_of(arguments), given(arguments, "workflow")
    with opened(settings) as database:
        page = list_definitions(database, name, given(arguments, "after"), limit)
    if arguments.json:
        for item in page.items:
            emit(item)
        if page.next:
            emit({"next": page.next})
        return 0
    if not page.items:
        say(
            "No definitions"
            + (f" of {brief(name)}" if name else " yet; the first run of a workflow stores one")
        )
        return 0
    rows = [
        (
            str(one.id),
            brief(one.workflow_name, 60),
            brief(one.version, 30),
            brief(one.workflow_type, 30),
            instant(one.created_at),
            brief(one.created_by, 40),
        )
        for one in page.items
    ]
    table(("id", "workflow", "version", "type", "created (UTC)", "by"), rows)
    if page.next:
        say(f"Next page: --after {page.next}")
    return 0


def show_one(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print a definition."""
    from ..backend.services.database import opened
    from ..backend.services.definitions import find_definition, source_of

    with opened(settings) as database:
        definition = find_definition(database, arguments.definition)
    if arguments.json:
        emit(definition)
        return 0
    show(f"{brief(definition.workflow_name)} {brief(definition.version)}")
    fields(
        [
            ("id", definition.id),
            ("type", brief(definition.workflow_type)),
            ("created", f"{instant(definition.created_at)} UTC by {brief(definition.created_by)}"),
            ("source", brief(source_of(definition), 500)),
        ]
    )
    heading("Parameters")
    lines(json.dumps(definition.parameter_values, indent=2, ensure_ascii=False))
    heading("Code")
    lines(definition.definition)
    return 0

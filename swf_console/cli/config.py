"""`swf-console config`: show a configuration with its provenance, list and validate all."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..backend.core.settings import load_settings
from .arguments import add, add_json, given
from .output import brief, emit, heading, say, show, table

if TYPE_CHECKING:
    from ..backend.config.composed import Composition, Value
    from ..backend.core.settings import Settings

HIDDEN = "overridden"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions."""
    actions = parser.add_subparsers(dest="action", metavar="show|validate|list|set", required=True)
    shown = actions.add_parser("show", help="show each value and its origin")
    shown.add_argument("configuration", metavar="NAME", help="the configuration's name")
    add_set(shown)
    valid = actions.add_parser("validate", help="check one or all configurations (exit 2 on errors)")
    valid.add_argument("configurations", nargs="*", metavar="NAME", help="a configuration's name")
    listed = actions.add_parser("list", help="list the configurations")
    change = actions.add_parser("set", help="change one value of testbed.toml or of a configuration")
    change.add_argument("--file", metavar="NAME", help="change this configuration instead of testbed.toml")
    change.add_argument("assignment", metavar="SECTION.KEY=VALUE", help="without =VALUE the key is removed")
    for one in (shown, valid, listed, change):
        add(one, "--testbed-config", "FILE", "testbed.toml (workflows/testbed.toml)")
        add_json(one)


def add_set(parser: argparse.ArgumentParser) -> None:
    """`--set`, as --run has it."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="override any parameter; may be repeated",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    actions: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
        "show": show_one,
        "validate": validate_them,
        "list": list_them,
        "set": set_one,
    }
    testbed = given(arguments, "testbed_config")
    return actions[arguments.action](arguments, load_settings(home=arguments.home, testbed_config=testbed))


def show_one(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print every value of a configuration."""
    from ..backend.config.overrides import parse_override
    from ..backend.services.configurations import composed

    overrides = [parse_override(text, "--set") for text in arguments.set]
    composition = composed(settings, arguments.configuration, overrides)
    if arguments.json:
        for value in composition.values():
            emit(document_of(value))
    else:
        show_composition(composition)
    for warning in composition.warnings:
        say(f"swf-console: warning: {brief(warning)}")
    return 0


def document_of(value: "Value") -> dict[str, Any]:
    """A value as JSON; `effective` is false if a later section overrides it."""
    parameter = value.parameter
    return {
        "section": value.section,
        "key": value.key,
        "value": value.value,
        "unit": parameter.unit if parameter else "",
        "help": parameter.help if parameter else "",
        "effective": value.effective,
        **value.provenance.as_dict(),
    }


def show_composition(composition: "Composition") -> None:
    """Print the configuration as text, section by section."""
    heads = [composition.configuration, composition.workflow_name or "(a base to include)"]
    show("  ".join(brief(head) for head in [*heads, composition.version, composition.description] if head))
    sections: dict[str, list[Value]] = {name: [] for name in composition.sections}
    for value in composition.values():
        sections[value.section].append(value)
    for name, values in sections.items():
        heading(f"[{brief(name)}]")
        table(("parameter", "value", "unit", "from", "replaced"), map(row_of, values))


def row_of(value: "Value") -> tuple[str, ...]:
    """A value as a row."""
    origin = brief(str(value.provenance), 80)
    replaced = ", ".join(brief(str(each), 80) for each in value.provenance.replaced)
    return (
        brief(value.key, 80),
        brief(value.value, 60),
        value.parameter.unit if value.parameter else "",
        origin if value.effective else f"{origin} ({HIDDEN} by a later section)",
        replaced,
    )


def validate_them(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print every problem as one line; 2 if there is any."""
    from ..backend.services.configurations import problems_of

    problems = problems_of(settings, arguments.configurations)
    for problem in problems:
        if arguments.json:
            emit(problem)
        else:
            say(f"swf-console: {brief(str(problem), 1000)}")
    if problems:
        return 2
    said = " and ".join(arguments.configurations) or "every configuration"
    if arguments.json:
        emit({"valid": True})
    else:
        show(f"{brief(said)}: valid")
    return 0


def list_them(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print the configurations of the home."""
    from ..backend.services.configurations import all_configurations

    found = all_configurations(settings)
    if arguments.json:
        for one in found:
            emit(one)
        return 0
    if not found:
        say(f"No configurations in {settings.workflows_dir}. Create a home: swf-console init DIR")
        return 0
    rows = []
    for one in found:
        state = "INVALID: swf-console config validate" if one.problems else one.description
        workflow = "(a base to include)" if one.is_base else one.workflow_name
        rows.append(
            (brief(one.name), brief(workflow), one.workflow_type, brief(one.version), brief(state, 100))
        )
    table(("configuration", "workflow", "type", "version", "description"), rows)
    return 0


def set_one(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Change a file and print the diff; 2, and nothing written, if the change is not valid."""
    from ..backend.services.configurations import TESTBED, preview, set_value

    key, equals, text = (part.strip() for part in arguments.assignment.partition("="))
    wanted = text if equals else None
    file = (arguments.file or TESTBED).removesuffix(".toml")
    file = TESTBED if file == "testbed" else file
    differs = preview(settings, key, wanted, file).diff
    said = set_value(settings, key, wanted, file)
    if arguments.json:
        emit({"file": file, "key": key, "value": wanted, "diff": differs})
        return 0
    for line in differs:
        show(brief(line, 1000))
    say(said)
    return 0

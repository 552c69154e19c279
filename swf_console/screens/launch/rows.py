"""The rows of the launch form: settings of the run, then each parameter with its origin."""

from typing import TYPE_CHECKING, cast

from ...backend.core.sanitize import brief
from ...widgets.key_labels import with_keys
from ...widgets.semantic_colors import Part, SemanticColor
from ...widgets.symbols import symbol
from ...widgets.table.columns import Column
from ...widgets.table.rows import Cell
from ...widgets.table.short_list import Item

if TYPE_CHECKING:
    from ...backend.services.executions.request import RunRequest
    from ...viewmodels.executions.launch import (
        CheckedRequest,
        ConfigurationChoice,
        Forecast,
        LaunchOptions,
        ValueRow,
    )

COLUMNS = (
    Column("name", "PARAMETER", 26, least=22),
    Column("value", "VALUE", 24, least=23, grows=True),
    Column("unit", "UNIT", 7),
    Column("source", "FROM", 34, least=15, tail=True),
)
CHOICE_COLUMNS = (
    Column("name", "CONFIGURATION", 26, least=24),
    Column("workflow", "WORKFLOW", 16, least=14),
    Column("description", "", 30, least=25, grows=True),
)
CONFIGURATION, NAMESPACE, WHERE, PACE, DURATION = (
    "@configuration",
    "@namespace",
    "@where",
    "@pace",
    "@duration",
)

HELP = {
    CONFIGURATION: "configuration: the workflow and its parameters. Enter lists the choices",
    NAMESPACE: "namespace: the namespace of the run and its messages. Applies to this run only",
    WHERE: "location: quitting or closing this console stops a run in it; a run on the runner continues",
    PACE: "pace: realtime (one simulated second per second), or as fast as possible",
    DURATION: "duration: the run ends at this simulated second. Empty or 0: no limit",
}


def rows_of(
    request: "RunRequest", offer: "LaunchOptions | None", checked: "CheckedRequest | None", *, here: bool
) -> list[Item]:
    """All settings and parameters."""
    named = offer.namespace if offer else ""
    items = [
        _heading("run", "run settings"),
        _row(CONFIGURATION, "configuration", request.configuration or "none", "Enter chooses"),
        _row(
            NAMESPACE,
            "namespace",
            request.namespace or named or "none: type one",
            "form" if request.namespace and request.namespace != named else "testbed.toml",
        ),
        _row(
            WHERE,
            "location",
            "in this console" if here else "on the runner",
            "stops on quit" if here else "continues",
        ),
        _row(PACE, "pace", "realtime" if request.realtime else "as fast as possible", "Enter, p"),
        _row(DURATION, "duration", str(request.duration or "no limit"), "Enter", "s"),
    ]
    section = ""
    for row in checked.rows if checked else ():
        if row.section != section:
            section = row.section
            items.append(_heading(section, f"[{section}]"))
        items.append(_parameter(row))
    return items


def choices_of(choices: "tuple[ConfigurationChoice, ...]") -> list[Item]:
    """The configurations; a broken one with its problem."""
    return [
        Item(
            choice.name,
            (
                Cell(brief(choice.name, 60), "bad" if choice.problems else "plain"),
                Cell(brief(choice.workflow, 40)),
                Cell(
                    brief(choice.problems[0] if choice.problems else choice.description, 200),
                    "bad" if choice.problems else "unknown",
                ),
            ),
            choice,
        )
        for choice in choices
    ]


def verdict_lines(
    checked: "CheckedRequest | None", forecast: "Forecast | None", missing: tuple[str, ...], trouble: str
) -> list[list[Part]]:
    """Whether the run is valid and will keep up, and what to do before the start."""
    lines: list[list[Part]] = []
    for problem in checked.problems if checked else ():
        lines.append([(f"{symbol('bad')} {brief(problem)}", "bad")])
    if missing:
        names = brief(", ".join(missing))
        keys = with_keys("{launch.start_missing} starts them, {launch.start} runs without them")
        lines.append([(f"{symbol('watch')} not running: {names}. {keys}", "watch")])
    if forecast:
        keeps_up = forecast.keeps_up
        mark: Part = (f"{symbol('watch')} ", "watch") if keeps_up is False else (f"{symbol('ok')} ", "ok")
        lines += [
            [mark if n == min(1, len(forecast.lines) - 1) else ("  ", "plain"), (line, "plain")]
            for n, line in enumerate(forecast.lines)
        ]
    warnings = [*(forecast.warnings if forecast else checked.warnings if checked else ())]
    lines += [[(f"{symbol('watch')} {brief(warning)}", "watch")] for warning in warnings]
    if trouble:
        lines.append([(f"{symbol('watch')} {brief(trouble)}", "watch")])
    return lines


def help_of(item: Item | None) -> str:
    """The help of a setting, a parameter or a configuration."""
    if item is None or item.key in HELP:
        return HELP[item.key] if item else ""
    return help_of_choice(item) or help_of_parameter(cast("ValueRow", item.value))


def help_of_choice(item: Item) -> str:
    """The problem of a configuration, otherwise its description; empty for other rows."""
    problems = getattr(item.value, "problems", ())
    return brief(problems[0] if problems else getattr(item.value, "description", ""), 300)


def help_of_parameter(row: "ValueRow") -> str:
    """The meaning of a parameter, its allowed values, and the value it replaces."""
    parts = (
        f"{row.name}: {row.help}" if row.help else row.name,
        row.allowed,
        f"replaces {row.replaced}" if row.replaced else "",
    )
    overridden = "" if row.effective else "overridden below"
    return brief(", ".join(part for part in (*parts, overridden) if part), 300)


def _heading(key: str, text: str) -> Item:
    return Item(f"#{key}", (Cell(brief(text, 60)),), heading=True)


def _row(key: str, name: str, value: str, source: str, unit: str = "") -> Item:
    return Item(key, (Cell(name), Cell(brief(value, 60), "busy"), Cell(unit), Cell(source, "unknown")))


def _parameter(row: "ValueRow") -> Item:
    color: SemanticColor = "busy" if row.overridden else "plain" if row.effective else "off"
    cells = (
        Cell(f"  {brief(row.name, 60)}", "plain" if row.effective else "off"),
        Cell(brief(row.value, 60), color),
        Cell(brief(row.unit, 10), "unknown"),
        Cell(
            brief(row.source, 80) if row.effective else "overridden below",
            "busy" if row.overridden else "unknown",
        ),
    )
    return Item(row.key, cells, row)

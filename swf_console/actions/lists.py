"""What can be done on the screens that list what is recorded: executions, definitions, messages."""

from .registry import Action, Tier, columns

_AN_EXECUTION = "stf_datataking-shifter-0001"
EXECUTIONS: tuple[Action, ...] = (
    Action(
        "stop",
        ("x",),
        "stop",
        "stop the execution, whoever runs it",
        f"executions stop {_AN_EXECUTION}",
        Tier.REVERSIBLE,
        ("executions",),
    ),
    Action(
        "rerun",
        ("r",),
        "run again",
        "run it again with the same parameters",
        f"executions rerun {_AN_EXECUTION}",
        Tier.REVERSIBLE,
        ("executions",),
    ),
    Action(
        "filter",
        ("slash",),
        "filter",
        "show only some: status=failed namespace=demo user=me workflow=NAME since=2h ID-PREFIX",
        "executions --status failed --namespace demo",
        screens=("executions",),
    ),
    Action(
        "compare",
        ("c",),
        "compare",
        "what the two marked executions have different",
        f"executions diff {_AN_EXECUTION} stf_datataking-shifter-0002",
        screens=("executions",),
    ),
    Action(
        "replay",
        ("p",),
        "replay",
        "play its states once more, at any speed",
        f"executions show {_AN_EXECUTION}",
        screens=("executions",),
    ),
    Action(
        "export",
        ("e",),
        "export",
        "write it and all that belongs to it as JSON",
        f"export {_AN_EXECUTION} --output {_AN_EXECUTION}.json",
        screens=("executions",),
    ),
    Action(
        "order", ("o",), "order", "order by start, id, status, user", "executions", screens=("executions",)
    ),
    Action(
        "turn", ("O",), "turn", "turn the order round", "executions", screens=("executions",), shown=False
    ),
    columns("executions", "executions"),
    Action(
        "find",
        ("F",),
        "find",
        "go to a row with a text",
        "executions",
        screens=("executions",),
    ),
    Action(
        "back",
        ("escape",),
        "back",
        "one view back; on the list: marks and filter go",
        "executions",
        screens=("executions",),
        shown=False,
    ),
)

_MESSAGES = ("messages",)
MESSAGES: tuple[Action, ...] = (
    Action(
        "filter",
        ("slash",),
        "filter",
        "show only what matches",
        "messages tail type=stf_*",
        argument="what",
        screens=_MESSAGES,
    ),
    Action(
        "pause",
        ("space",),
        "pause",
        "pause and go on; nothing is lost",
        "messages tail",
        screens=_MESSAGES,
    ),
    Action(
        "follow",
        ("f",),
        "follow",
        "go to the newest and stay with it",
        "messages tail",
        screens=_MESSAGES,
    ),
    Action("mark", ("m",), "mark", "draw a line behind the newest message", "", screens=_MESSAGES),
    Action(
        "search",
        ("s",),
        "search",
        "look for a text",
        "messages list text",
        argument="text",
        screens=_MESSAGES,
    ),
    Action(
        "found",
        ("n",),
        "next",
        "the next one that was found (older: N)",
        "",
        shown=False,
        screens=_MESSAGES,
    ),
    Action(
        "found(False)",
        ("N",),
        "previous",
        "the previous one that was found",
        "",
        shown=False,
        screens=_MESSAGES,
    ),
    Action(
        "jump", ("t",), "jump", "go to a time", "messages --until 10m", argument="time", screens=_MESSAGES
    ),
    Action(
        "everywhere",
        ("o",),
        "others",
        "all namespaces, or this one alone",
        "messages tail",
        screens=_MESSAGES,
    ),
    Action(
        "detail",
        ("d",),
        "detail",
        "the message under the cursor, whole",
        "",
        shown=False,
        screens=_MESSAGES,
    ),
    Action("back", ("escape",), "back", "detail, search, filter, pause", "", shown=False, screens=_MESSAGES),
)

DEFINITIONS: tuple[Action, ...] = (
    Action(
        "filter",
        ("slash",),
        "filter",
        "show the definitions of one workflow",
        "definitions --workflow stf_datataking",
        screens=("definitions",),
    ),
    Action(
        "executions",
        ("E",),
        "executions",
        "show the executions of the workflow on their own screen",
        "executions --workflow stf_datataking",
        screens=("definitions",),
    ),
    columns("definitions", "definitions"),
    Action(
        "find",
        ("F",),
        "find",
        "go to a row with a text",
        "definitions",
        screens=("definitions",),
    ),
    Action(
        "back",
        ("escape",),
        "back",
        "one view back; on the list the filter goes",
        "definitions",
        screens=("definitions",),
        shown=False,
    ),
)

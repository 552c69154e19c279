"""The one registry of what can be done in the console: keys, help, footer and palette are made from it."""

from dataclasses import dataclass
from enum import Enum


class Tier(Enum):
    """How much an action asks before it acts."""

    READ = "changes nothing"
    REVERSIBLE = "asks y/N on the bottom line"
    MANY = "lists the names it concerns and asks"
    IRREVERSIBLE = "asks for the name to be typed"


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `name` is the method `action_<name>` of the app or of a pane, with its arguments.

    `keys` are Textual's names of keys. `command` are the words behind `swf-console` that do the same, with
    examples for what is chosen on screen; none where only the screen changes. `screens` are the panes that
    have it; none: it works everywhere. `argument` names what the palette may give it, as a text.
    """

    name: str
    keys: tuple[str, ...]
    title: str
    help: str
    command: str
    tier: Tier = Tier.READ
    screens: tuple[str, ...] = ()
    shown: bool = True
    argument: str = ""


EVERYWHERE: tuple[Action, ...] = (
    Action("open('overview')", ("1",), "Overview", "is the testbed all right?", "status", shown=False),
    Action("open('agents')", ("2",), "Agents", "agents and their logs", "agents", shown=False),
    Action("open('messages')", ("3",), "Messages", "live messages", "messages tail", shown=False),
    Action("open('executions')", ("4",), "Executions", "past and running", "executions", shown=False),
    Action("open('definitions')", ("5",), "Definitions", "code and drift", "definitions", shown=False),
    Action("open('namespaces')", ("6",), "Namespaces", "whose they are", "namespaces", shown=False),
    Action(
        "open('fast_processing')",
        ("7",),
        "Fast processing",
        "demand, capacity and slices",
        "plan fast_processing_default",
        shown=False,
    ),
    Action("open('journal')", ("8",), "Journal", "what was done here", "journal", shown=False),
    Action("palette", ("colon",), "command", "find every action by its name", "--help"),
    Action("help", ("question_mark",), "help", "what can be done here", "--help"),
    Action("namespace", ("0",), "namespace", "choose the namespace to look at", "namespaces", shown=False),
    Action("doctor", ("exclamation_mark",), "doctor", "check everything", "doctor", shown=False),
    Action(
        "launch",
        ("R",),
        "run",
        "run a workflow: choose, look, override, start",
        "--run stf_datataking --namespace demo",
        shown=False,
    ),
    Action("copy", ("y",), "copy", "copy what is under the cursor (OSC 52)", "", shown=False),
    Action("alert", ("full_stop",), "go there", "go to the newest alert", "status", shown=False),
    Action("acknowledge", ("a",), "ack", "acknowledge the newest alert", "", shown=False),
    Action("update", ("u",), "update", "read again at once", "", shown=False),
    Action("lock", ("W",), "lock", "lock and unlock writes", "", shown=False),
    Action("handover", ("H",), "handover", "a report for the next shift", "journal --since 8h", shown=False),
    Action("theme", (), "theme", "the next theme", "", shown=False),
    Action("suspend_process", ("ctrl+z",), "suspend", "back to the shell; fg comes back", "", shown=False),
    Action("leave", ("q",), "quit", "say what keeps running, and go", "status"),
)

AGENTS: tuple[Action, ...] = (
    Action(
        "start",
        ("s",),
        "start",
        "start the marked agents, or the one under the cursor",
        "agents start example-data-agent",
        Tier.REVERSIBLE,
        ("agents",),
    ),
    Action(
        "stop", ("x",), "stop", "stop them", "agents stop example-data-agent", Tier.REVERSIBLE, ("agents",)
    ),
    Action(
        "restart",
        ("r",),
        "restart",
        "stop them and start them again",
        "agents restart example-data-agent",
        Tier.REVERSIBLE,
        ("agents",),
    ),
    Action(
        "start_needed",
        ("A",),
        "start needed",
        "start everything that the configured workflow needs",
        "agents start workflow-runner example-data-agent",
        Tier.MANY,
        ("agents",),
    ),
    Action(
        "logs", ("l",), "logs", "show or hide the log", "agents logs example-data-agent", screens=("agents",)
    ),
)

_AN_EXECUTION = "stf_datataking-shifter-0001"
EXECUTIONS: tuple[Action, ...] = (
    Action(
        "stop",
        ("x", "s"),
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
    Action(
        "find",
        ("F",),
        "find",
        "go to a row with a text; n and N go on",
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

OVERVIEW: tuple[Action, ...] = (
    Action(
        "stop",
        ("x",),
        "stop",
        "end the execution under the cursor",
        "executions stop stf_datataking-shifter-0001",
        Tier.REVERSIBLE,
        ("overview",),
    ),
)

JOURNAL: tuple[Action, ...] = (
    Action("filter", ("slash",), "filter", "show what has a text in it", "journal", screens=("journal",)),
    Action(
        "export",
        ("e",),
        "shift log",
        "write what is listed as Markdown where the console was started",
        "journal --json",
        screens=("journal",),
    ),
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
    Action(
        "find",
        ("F",),
        "find",
        "go to a row with a text; n and N go on",
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

NAMESPACES: tuple[Action, ...] = (
    Action(
        "create",
        ("c",),
        "create",
        "make a namespace of your own",
        "namespaces create shifter-dev",
        Tier.REVERSIBLE,
        ("namespaces",),
    ),
    Action(
        "take_out",
        ("backspace", "delete"),
        "take out",
        "take the value under the cursor out of testbed.toml",
        "config set parameters.stf_count",
        Tier.REVERSIBLE,
        ("namespaces",),
    ),
)

FAST_PROCESSING: tuple[Action, ...] = (
    Action(
        "workers(1)",
        ("plus",),
        "more workers",
        "predict with more workers (nothing is changed)",
        "plan fast_processing_default --workers 40",
        screens=("fast_processing",),
    ),
    Action(
        "workers(-1)",
        ("minus",),
        "fewer",
        "predict with fewer workers (nothing is changed)",
        "plan fast_processing_default --workers 20",
        screens=("fast_processing",),
    ),
    Action(
        "workers(0)",
        ("equals_sign",),
        "as configured",
        "predict with the configured workers again",
        "plan fast_processing_default",
        screens=("fast_processing",),
    ),
)

OF_PANES: tuple[Action, ...] = (
    OVERVIEW + AGENTS + EXECUTIONS + DEFINITIONS + MESSAGES + JOURNAL + NAMESPACES + FAST_PROCESSING
)

REGISTRY: tuple[Action, ...] = EVERYWHERE + OF_PANES


def actions_of(screen: str) -> tuple[Action, ...]:
    """The actions of one pane, in the order of the registry."""
    return tuple(action for action in REGISTRY if screen in action.screens)


def action_of(name: str, screen: str = "") -> Action:
    """One action by its name; of a pane, or of those that work everywhere."""
    return next(one for one in REGISTRY if one.name == name and (screen in one.screens or not screen))

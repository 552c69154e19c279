"""The screens: for each the key that opens it, its actions, and the scopes inside it."""

from typing import NamedTuple

from .action import Action, Tier, columns, hidden, in_scope, shown

_EXECUTION = "stf_datataking-shifter-0001"

OVERVIEW = in_scope(
    "overview",
    shown(
        "stop",
        "x",
        "stop",
        "end the execution under the cursor",
        f"executions stop {_EXECUTION}",
        Tier.REVERSIBLE,
    ),
)

AGENTS = in_scope(
    "agents",
    shown(
        "start",
        "s",
        "start",
        "start the marked agents, or the one under the cursor",
        "agents start example-data-agent",
        Tier.REVERSIBLE,
    ),
    shown("stop", "x", "stop", "stop them", "agents stop example-data-agent", Tier.REVERSIBLE),
    shown(
        "restart",
        "r",
        "restart",
        "stop them and start them again",
        "agents restart example-data-agent",
        Tier.REVERSIBLE,
    ),
    shown(
        "start_needed",
        "A",
        "start needed",
        "start everything that the configured workflow needs",
        "agents start workflow-runner example-data-agent",
        Tier.MANY,
    ),
    hidden(
        "end_orphans",
        "X",
        "end orphans",
        "end the processes that outlived their supervisord",
        "agents orphans --end",
        Tier.MANY,
    ),
    shown("logs", "l", "logs", "show or hide the log", "agents logs example-data-agent"),
    columns("agents"),
    hidden("back", "escape", "back", "from the log to the list; marks go"),
)

EXECUTIONS = in_scope(
    "executions",
    shown(
        "stop",
        "x",
        "stop",
        "stop the execution, whoever runs it",
        f"executions stop {_EXECUTION}",
        Tier.REVERSIBLE,
    ),
    shown(
        "rerun",
        "r",
        "run again",
        "run it again with the same parameters",
        f"executions rerun {_EXECUTION}",
        Tier.REVERSIBLE,
    ),
    shown(
        "filter",
        "slash",
        "filter",
        "show only some: status=failed namespace=demo user=me workflow=NAME since=2h ID-PREFIX",
        "executions --status failed --namespace demo",
    ),
    shown(
        "compare",
        "c",
        "compare",
        "what the two marked executions have different",
        f"executions diff {_EXECUTION} stf_datataking-shifter-0002",
    ),
    shown(
        "replay", "p", "replay", "play its states once more, at any speed", f"executions show {_EXECUTION}"
    ),
    shown(
        "export",
        "e",
        "export",
        "write it and all that belongs to it as JSON",
        f"export {_EXECUTION} --output {_EXECUTION}.json",
    ),
    shown("order", "o", "order", "order by start, id, status, user", "executions"),
    hidden("turn", "O", "turn", "turn the order round", "executions"),
    columns("executions"),
    shown("find", "F", "find", "go to a row with a text", "executions"),
    hidden("back", "escape", "back", "one view back; on the list: marks and filter go", "executions"),
)
EXECUTION = in_scope(
    "execution",
    shown("section(1)", "right l tab", "section", "the next section"),
    hidden("section(-1)", "left h shift+tab", "section before", "the section before"),
    shown("kind", "t", "type", "messages: only those of the next type"),
)
REPLAY = in_scope(
    "replay",
    shown("play", "space", "play", "play and pause"),
    shown("faster(2)", "plus greater_than_sign", "faster", "twice as fast"),
    shown("faster(0.5)", "minus less_than_sign", "slower", "half as fast"),
    shown("step(1)", "right l", "next event", "to the next event"),
    hidden("step(-1)", "left h", "event before", "to the event before"),
    hidden("seek(0)", "home", "begin", "to the beginning"),
    hidden("seek(1)", "end", "end", "to the end"),
)

DEFINITIONS = in_scope(
    "definitions",
    shown(
        "filter",
        "slash",
        "filter",
        "show the definitions of one workflow",
        "definitions --workflow stf_datataking",
    ),
    shown(
        "executions",
        "E",
        "executions",
        "show the executions of the workflow on their own screen",
        "executions --workflow stf_datataking",
    ),
    columns("definitions"),
    shown("find", "F", "find", "go to a row with a text", "definitions"),
    hidden("back", "escape", "back", "one view back; on the list the filter goes", "definitions"),
)
DEFINITION = in_scope(
    "definition",
    shown("section(1)", "right l tab", "section", "the next section"),
    hidden("section(-1)", "left h shift+tab", "section before", "the section before"),
)

MESSAGES = in_scope(
    "messages",
    shown("filter", "slash", "filter", "show only what matches", "messages tail type=stf_*", argument="what"),
    shown("pause", "space", "pause", "pause and go on; nothing is lost", "messages tail"),
    shown("follow", "f", "follow", "go to the newest and stay with it", "messages tail"),
    shown("mark", "m", "mark", "draw a line behind the newest message"),
    shown("search", "s", "search", "look for a text", "messages list text", argument="text"),
    hidden("found", "n", "next", "the next one that was found (older: N)"),
    hidden("found(False)", "N", "previous", "the previous one that was found"),
    shown("jump", "t", "jump", "go to a time", "messages --until 10m", argument="time"),
    shown("everywhere", "o", "others", "all namespaces, or this one alone", "messages tail"),
    hidden("detail", "d", "detail", "the message under the cursor, whole"),
    hidden("back", "escape", "back", "detail, search, filter, pause"),
)

JOURNAL = in_scope(
    "journal",
    shown("filter", "slash", "filter", "show what has a text in it", "journal"),
    shown(
        "export",
        "e",
        "shift log",
        "write what is listed as Markdown where the console was started",
        "journal --json",
    ),
    columns("journal"),
    hidden("back", "escape", "back", "the filter goes"),
)

NAMESPACES = in_scope(
    "namespaces",
    shown(
        "create",
        "c",
        "create",
        "make a namespace of your own",
        "namespaces create shifter-dev",
        Tier.REVERSIBLE,
    ),
    shown(
        "edit",
        "e",
        "edit",
        "change the value under the cursor; what would differ is shown, and asked, before it is written",
        "config set parameters.stf_count=4",
        Tier.REVERSIBLE,
    ),
    shown(
        "file",
        "o",
        "other file",
        "the next file: testbed.toml, then each workflow configuration",
        "config list",
        argument="name",
    ),
    shown(
        "take_out",
        "backspace delete",
        "take out",
        "take the value under the cursor out of the file",
        "config set parameters.stf_count",
        Tier.REVERSIBLE,
    ),
    hidden("back", "escape", "back", "out of what is typed"),
)

FAST_PROCESSING = in_scope(
    "fast_processing",
    shown(
        "workers(1)",
        "plus",
        "more workers",
        "predict with more workers (nothing is changed)",
        "plan fast_processing_default --workers 40",
    ),
    shown(
        "workers(-1)",
        "minus",
        "fewer",
        "predict with fewer workers (nothing is changed)",
        "plan fast_processing_default --workers 20",
    ),
    shown(
        "workers(0)",
        "equals_sign",
        "as configured",
        "predict with the configured workers again",
        "plan fast_processing_default",
    ),
    columns("plan fast_processing_default"),
)


class ScreenActions(NamedTuple):
    """A screen's part of the registry. `contains` are the scopes inside it, separated by blanks."""

    name: str
    key: str
    title: str
    help: str
    command: str
    actions: tuple[Action, ...]
    contains: str

    @property
    def open(self) -> Action:
        """The global action that opens the screen."""
        return hidden(f"open('{self.name}')", self.key, self.title, self.help, self.command)


# in the order in which the palette lists their actions
BY_SCREEN = (
    ScreenActions(
        "overview", "1", "Overview", "is the testbed all right?", "status", OVERVIEW, contains="list lines"
    ),
    ScreenActions(
        "agents", "2", "Agents", "agents and their logs", "agents", AGENTS, contains="list log lines entry"
    ),
    ScreenActions(
        "executions",
        "4",
        "Executions",
        "past and running",
        "executions",
        EXECUTIONS,
        contains="table entry execution replay text lines code",
    ),
    ScreenActions(
        "definitions",
        "5",
        "Definitions",
        "code and drift",
        "definitions",
        DEFINITIONS,
        contains="table entry definition lines code",
    ),
    ScreenActions(
        "messages", "3", "Messages", "live messages", "messages tail", MESSAGES, contains="tail entry"
    ),
    ScreenActions(
        "journal", "8", "Journal", "what was done here", "journal", JOURNAL, contains="list lines entry"
    ),
    ScreenActions(
        "namespaces",
        "6",
        "Namespaces",
        "whose they are",
        "namespaces",
        NAMESPACES,
        contains="list lines entry",
    ),
    ScreenActions(
        "fast_processing",
        "7",
        "Fast processing",
        "demand, capacity and slices",
        "plan fast_processing_default",
        FAST_PROCESSING,
        contains="list lines entry",
    ),
)
SCREEN_ACTIONS = tuple(action for screen in BY_SCREEN for action in screen.actions)
# scopes of views that a list opens over itself
VIEW_ACTIONS = EXECUTION + DEFINITION + REPLAY

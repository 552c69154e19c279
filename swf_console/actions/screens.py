"""The screens: the key that opens each, its actions, and the scopes inside it."""

from typing import NamedTuple

from .action import Action, Tier, columns, hidden, in_scope, shown

_EXECUTION = "stf_datataking-shifter-0001"

OVERVIEW = in_scope(
    "overview",
    shown(
        "stop",
        "x",
        "stop",
        "stop the execution under the cursor",
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
        "start the marked agents, or the agent under the cursor",
        "agents start example-data-agent",
        Tier.REVERSIBLE,
    ),
    shown(
        "stop",
        "x",
        "stop",
        "stop the marked agents, or the agent under the cursor",
        "agents stop example-data-agent",
        Tier.REVERSIBLE,
    ),
    shown(
        "restart",
        "r",
        "restart",
        "restart the marked agents, or the agent under the cursor",
        "agents restart example-data-agent",
        Tier.REVERSIBLE,
    ),
    shown(
        "start_needed",
        "A",
        "start needed",
        "start all agents that the configured workflow needs",
        "agents start workflow-runner example-data-agent",
        Tier.MANY,
    ),
    hidden(
        "end_orphans",
        "X",
        "end orphans",
        "end agent processes whose supervisord has ended",
        "agents orphans --end",
        Tier.MANY,
    ),
    shown("logs", "l", "logs", "show or hide the log", "agents logs example-data-agent"),
    columns("agents"),
    hidden("back", "escape", "back", "return to the list and clear the marks"),
)

EXECUTIONS = in_scope(
    "executions",
    shown(
        "stop",
        "x",
        "stop",
        "stop the execution, in whichever process it runs",
        f"executions stop {_EXECUTION}",
        Tier.REVERSIBLE,
    ),
    shown(
        "rerun",
        "r",
        "run again",
        "run the workflow again with the same parameters",
        f"executions rerun {_EXECUTION}",
        Tier.REVERSIBLE,
    ),
    shown(
        "filter",
        "slash",
        "filter",
        "filter by status=failed namespace=demo user=me workflow=NAME since=2h ID-PREFIX",
        "executions --status failed --namespace demo",
    ),
    shown(
        "compare",
        "c",
        "compare",
        "show the differences between the two marked executions",
        f"executions diff {_EXECUTION} stf_datataking-shifter-0002",
    ),
    shown("replay", "p", "replay", "replay its state changes at any speed", f"executions show {_EXECUTION}"),
    shown(
        "export",
        "e",
        "export",
        "export the execution and all its records as JSON",
        f"export {_EXECUTION} --output {_EXECUTION}.json",
    ),
    shown("order", "o", "order", "use the next order: start, id, status, user", "executions"),
    hidden("turn", "O", "reverse order", "reverse the order", "executions"),
    columns("executions"),
    shown("find", "F", "search", "search a text in the rows", "executions"),
    hidden(
        "back",
        "escape",
        "back",
        "return to the previous view; in the list, clear marks, then the filter",
        "executions",
    ),
)
EXECUTION = in_scope(
    "execution",
    shown("section(1)", "right l tab", "next section", "go to the next section")._replace(word="section"),
    hidden("section(-1)", "left h shift+tab", "previous section", "go to the previous section")._replace(
        word="section_before"
    ),
    shown("kind", "t", "type", "show only messages of the next type"),
)
REPLAY = in_scope(
    "replay",
    shown("play", "space", "play", "play or pause"),
    shown("faster(2)", "plus greater_than_sign", "faster", "double the speed"),
    shown("faster(0.5)", "minus less_than_sign", "slower", "halve the speed"),
    shown("step(1)", "right l", "next event", "go to the next event"),
    hidden("step(-1)", "left h", "previous event", "go to the previous event")._replace(word="event_before"),
    hidden("seek(0)", "home", "start", "go to the start")._replace(word="begin"),
    hidden("seek(1)", "end", "end", "go to the end"),
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
        "show the executions of this workflow",
        "executions --workflow stf_datataking",
    ),
    columns("definitions"),
    shown("find", "F", "search", "search a text in the rows", "definitions"),
    hidden(
        "back", "escape", "back", "return to the previous view; in the list, clear the filter", "definitions"
    ),
)
DEFINITION = in_scope(
    "definition",
    shown("section(1)", "right l tab", "next section", "go to the next section")._replace(word="section"),
    hidden("section(-1)", "left h shift+tab", "previous section", "go to the previous section")._replace(
        word="section_before"
    ),
)

MESSAGES = in_scope(
    "messages",
    shown(
        "filter",
        "slash",
        "filter",
        "show only matching messages",
        "messages tail type=stf_*",
        argument="what",
    ),
    shown("pause", "space", "pause", "pause or resume the display; no message is lost", "messages tail"),
    shown("follow", "f", "follow", "go to the newest message and follow", "messages tail"),
    shown("mark", "m", "mark", "draw a line below the newest message"),
    shown("search", "s", "search", "search a text in the messages", "messages list text", argument="text"),
    hidden("found", "n", "next", "go to the next match"),
    hidden("found(False)", "N", "previous", "go to the previous match"),
    shown("jump", "t", "jump", "go to a time", "messages --until 10m", argument="time"),
    shown("everywhere", "o", "all namespaces", "switch between all namespaces and this one", "messages tail"),
    hidden("detail", "d", "detail", "show the complete message under the cursor"),
    hidden("back", "escape", "back", "close the detail, clear search and filter, resume"),
)

JOURNAL = in_scope(
    "journal",
    shown("filter", "slash", "filter", "show only entries that contain a text", "journal"),
    shown(
        "export",
        "e",
        "shift log",
        "write the listed entries as Markdown into the current directory",
        "journal --json",
    ),
    columns("journal"),
    hidden("back", "escape", "back", "clear the filter"),
)

NAMESPACES = in_scope(
    "namespaces",
    shown(
        "create",
        "c",
        "create",
        "create a namespace that you own",
        "namespaces create shifter-dev",
        Tier.REVERSIBLE,
    ),
    shown(
        "edit",
        "e",
        "edit",
        "edit the value under the cursor; the difference is shown before anything is written",
        "config set parameters.stf_count=4",
        Tier.REVERSIBLE,
    ),
    shown(
        "file",
        "o",
        "next file",
        "open the next file: testbed.toml, then each workflow configuration",
        "config list",
        argument="name",
    ),
    shown(
        "take_out",
        "backspace delete",
        "remove value",
        "remove the value under the cursor from the file",
        "config set parameters.stf_count",
        Tier.REVERSIBLE,
    ),
    hidden("back", "escape", "back", "cancel the input"),
)

FAST_PROCESSING = in_scope(
    "fast_processing",
    shown(
        "workers(1)",
        "plus",
        "more workers",
        "predict with more workers (changes nothing)",
        "plan fast_processing_default --workers 40",
    ),
    shown(
        "workers(-1)",
        "minus",
        "fewer workers",
        "predict with fewer workers (changes nothing)",
        "plan fast_processing_default --workers 20",
    )._replace(word="fewer"),
    shown(
        "workers(0)",
        "equals_sign",
        "as configured",
        "predict with the configured number of workers",
        "plan fast_processing_default",
    ),
    columns("plan fast_processing_default"),
)


BROKER = in_scope(
    "broker",
    shown(
        "drop",
        "x",
        "drop",
        "remove the marked durable subscriptions, or the one under the cursor, with their messages",
        "broker drop CLIENT-ID topic.epictopic --yes",
        Tier.MANY,
    ),
    shown(
        "purge",
        "p",
        "purge",
        "remove the messages of the marked queues and durable subscriptions",
        "broker purge /queue/panda.transformer.slices --yes",
        Tier.MANY,
    ),
    shown("letters", "d", "dead letters", "show the dead-letter queue", "broker browse"),
    shown(
        "resend",
        "r",
        "resend",
        "send the marked dead letters to their original destination again",
        "broker resend MESSAGE-ID --yes",
        Tier.MANY,
    ),
    shown(
        "discard",
        "D",
        "discard",
        "remove the marked dead letters",
        "broker discard MESSAGE-ID --yes",
        Tier.MANY,
    ),
    hidden(
        "compact",
        "c",
        "compact store",
        "return free space in the file of the embedded broker's store to the disk",
        "broker compact",
        Tier.REVERSIBLE,
    ),
    hidden(
        "back", "escape", "back", "return to the previous view; in the list, clear the marks", "broker queues"
    ),
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


# the palette lists their actions in this order
BY_SCREEN = (
    ScreenActions(
        "overview",
        "1",
        "Overview",
        "show the state of the testbed",
        "status",
        OVERVIEW,
        contains="list lines",
    ),
    ScreenActions(
        "agents",
        "2",
        "Agents",
        "show agents and their logs",
        "agents",
        AGENTS,
        contains="list log lines entry",
    ),
    ScreenActions(
        "executions",
        "4",
        "Executions",
        "list running and ended executions",
        "executions",
        EXECUTIONS,
        contains="table entry execution replay text lines code",
    ),
    ScreenActions(
        "definitions",
        "5",
        "Definitions",
        "show stored workflow code and drift",
        "definitions",
        DEFINITIONS,
        contains="table entry definition lines code",
    ),
    ScreenActions(
        "messages",
        "3",
        "Messages",
        "show live messages and history",
        "messages tail",
        MESSAGES,
        contains="tail entry",
    ),
    ScreenActions(
        "journal",
        "8",
        "Journal",
        "show actions, alarms and errors",
        "journal",
        JOURNAL,
        contains="list lines entry",
    ),
    ScreenActions(
        "namespaces",
        "6",
        "Namespaces",
        "show namespaces, edit configurations",
        "namespaces",
        NAMESPACES,
        contains="list lines entry",
    ),
    ScreenActions(
        "fast_processing",
        "7",
        "Fast processing",
        "show demand, capacity, slices, workers",
        "plan fast_processing_default",
        FAST_PROCESSING,
        contains="list lines entry",
    ),
    ScreenActions(
        "broker",
        "9",
        "Broker",
        "show queues, durable subscriptions and dead letters",
        "broker queues",
        BROKER,
        contains="list lines code",
    ),
)
SCREEN_ACTIONS = tuple(action for screen in BY_SCREEN for action in screen.actions)
# scopes of the views that a list opens over itself
VIEW_ACTIONS = EXECUTION + DEFINITION + REPLAY

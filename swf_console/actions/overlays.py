"""Actions of the overlays: launch form, doctor, help, dialogs."""

from .action import Tier, hidden, in_scope, shown

LAUNCH = in_scope(
    "launch",
    shown(
        "start",
        "s",
        "start",
        "start the run",
        "--run stf_datataking --namespace demo",
        Tier.REVERSIBLE,
        asks=False,
    ),
    shown(
        "start_missing",
        "A",
        "start agents",
        "start the agents that the run needs",
        "up",
        Tier.REVERSIBLE,
        asks=False,
    ),
    shown("where", "w", "location", "switch between this console and the runner"),
    shown("pace", "p", "pace", "switch between realtime and as fast as possible"),
    shown("reset", "backspace delete", "remove override", "remove the override under the cursor"),
    shown("back", "escape", "close", "cancel the input or the choice; otherwise close the form"),
    hidden("app.focus_next", "tab", "next part", "move the focus to the next part"),
    shown("app.help", "question_mark", "help", "list the available keys"),
)

DOCTOR = in_scope(
    "doctor",
    shown("again", "u", "check again", "run all checks again", "doctor"),
    shown("copy", "y", "copy", "copy the advice of the check under the cursor"),
    shown("close", "escape q exclamation_mark", "close", "close the doctor"),
    hidden("app.focus_next", "tab", "next part", "move the focus to the next part"),
    shown("app.help", "question_mark", "help", "list the available keys"),
)

HELP = in_scope(
    "help",
    hidden("scroll(1)", "j down", "down", "scroll one line down"),
    hidden("scroll(-1)", "k up", "up", "scroll one line up"),
    hidden("edge(False)", "g home", "first", "scroll to the beginning"),
    hidden("edge(True)", "G end", "last", "scroll to the end"),
    hidden("page(1)", "pagedown", "page down", "scroll one page down"),
    hidden("page(-1)", "pageup", "page up", "scroll one page up"),
    hidden("palette", "colon", "search", "search all actions by name"),
    hidden("leave", "question_mark q", "close", "close the help"),
)

DIALOG = in_scope(
    "dialog",
    hidden("leave", "escape", "cancel", "close without changing anything"),
)

CONFIRM = in_scope(
    "confirm",
    hidden("yes", "y", "yes", "confirm all listed items"),
    hidden("leave", "n enter", "no", "change nothing"),
)

QUITTING = in_scope(
    "quitting",
    hidden("go", "y", "quit", "quit and stop the executions of this console"),
    hidden("go_if_nothing_ends", "q enter", "quit if idle", "quit, unless an execution runs in this console"),
    hidden("leave", "n", "stay", "stay in the console"),
)

PALETTE = in_scope(
    "palette",
    hidden("choose(-1)", "up", "up", "select the action above; with no input, the previous command"),
    hidden("choose(1)", "down", "down", "select the action below"),
)

PICKER = in_scope(
    "picker",
    hidden("choose(-1)", "up", "up", "select the namespace above"),
    hidden("choose(1)", "down", "down", "select the namespace below"),
)

OVERLAY_ACTIONS = LAUNCH + DOCTOR + HELP + DIALOG + CONFIRM + QUITTING + PALETTE + PICKER

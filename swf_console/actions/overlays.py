"""What can be done in what lies over the screens: the launch form, the doctor, help, dialogs."""

from .registry import Action, Tier, keyed

_NEXT_PART = (
    "app.focus_next",
    "tab",
    "next part",
    "to what is below the list or beside it, and back",
)
_HELP = ("app.help", "question_mark", "help", "what can be done here")
LAUNCH: tuple[Action, ...] = (
    Action(
        "start",
        ("s",),
        "start",
        "start the run",
        "--run stf_datataking --namespace demo",
        Tier.REVERSIBLE,
        ("launch",),
        asks=False,
    ),
    Action(
        "start_missing",
        ("A",),
        "start agents",
        "start the agents that the run needs",
        "up",
        Tier.REVERSIBLE,
        ("launch",),
        asks=False,
    ),
    keyed("launch", "where", "w", "where", "here in this console, or on the persistent runner", shown=True),
    keyed("launch", "pace", "p", "pace", "realtime, or as fast as possible", shown=True),
    keyed("launch", "reset", "backspace delete", "reset", "take the override away", shown=True),
    keyed("launch", "back", "escape", "close", "out of what is typed or chosen; else close", shown=True),
    keyed("launch", *_NEXT_PART),
    keyed("launch", *_HELP, shown=True),
)
DOCTOR: tuple[Action, ...] = (
    keyed("doctor", "again", "u", "again", "check everything once more", command="doctor", shown=True),
    keyed("doctor", "copy", "y", "copy", "copy what to do about the check under the cursor", shown=True),
    keyed("doctor", "close", "escape q exclamation_mark", "close", "back to the screen", shown=True),
    keyed("doctor", *_NEXT_PART),
    keyed("doctor", *_HELP, shown=True),
)
HELP: tuple[Action, ...] = (
    keyed("help", "scroll(1)", "j down", "down", "one line down"),
    keyed("help", "scroll(-1)", "k up", "up", "one line up"),
    keyed("help", "edge(False)", "g home", "first", "to the beginning"),
    keyed("help", "edge(True)", "G end", "last", "to the end"),
    keyed("help", "leaf(1)", "pagedown", "page down", "one page down"),
    keyed("help", "leaf(-1)", "pageup", "page up", "one page up"),
    keyed("help", "palette", "colon", "find", "find an action by its name"),
    keyed("help", "leave", "question_mark q", "close", "back to where it was asked"),
)
DIALOG: tuple[Action, ...] = (keyed("dialog", "leave", "escape", "back", "nothing is done"),)
CONFIRM: tuple[Action, ...] = (
    keyed("confirm", "yes", "y", "yes", "all that is listed"),
    keyed("confirm", "leave", "n enter", "no", "nothing is done"),
)
QUITTING: tuple[Action, ...] = (
    keyed("quitting", "go", "y", "leave", "leave, and end what runs in this console"),
    keyed("quitting", "go_if_nothing_ends", "q enter", "leave unless", "leave, unless something would end"),
    keyed("quitting", "leave", "n", "stay", "stay"),
)
PALETTE: tuple[Action, ...] = (
    keyed("palette", "choose(-1)", "up", "up", "the action above; the past where nothing is typed"),
    keyed("palette", "choose(1)", "down", "down", "the action below"),
)
PICKER: tuple[Action, ...] = (
    keyed("picker", "choose(-1)", "up", "up", "the namespace above"),
    keyed("picker", "choose(1)", "down", "down", "the namespace below"),
)

OF_OVERLAYS: tuple[Action, ...] = LAUNCH + DOCTOR + HELP + DIALOG + CONFIRM + QUITTING + PALETTE + PICKER

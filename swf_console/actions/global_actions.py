"""Actions that work on every screen."""

from .action import hidden, shown
from .screens import BY_SCREEN

GLOBAL_ACTIONS = (
    *sorted((screen.open for screen in BY_SCREEN), key=lambda action: action.keys),
    shown("palette", "colon", "command", "search all actions by name", "--help"),
    shown("help", "question_mark", "help", "list the available keys", "--help"),
    hidden("namespace", "0", "namespace", "choose the namespace to show", "namespaces"),
    hidden("doctor", "exclamation_mark", "doctor", "check all parts of the testbed", "doctor"),
    hidden(
        "launch",
        "R",
        "run",
        "configure and start a run of a workflow",
        "--run stf_datataking --namespace demo",
    ),
    hidden("app.focus_next", "tab", "next part", "move the focus to the next part of the screen"),
    hidden(
        "app.focus_previous",
        "shift+tab",
        "previous part",
        "move the focus to the previous part of the screen",
    )._replace(word="part_before"),
    hidden("copy", "y", "copy", "copy the item under the cursor (OSC 52)"),
    hidden("alert", "full_stop", "show alarm", "show the subject of the newest alarm", "status"),
    hidden("acknowledge", "a", "acknowledge", "acknowledge the newest alarm"),
    hidden("update", "u", "refresh", "read everything again immediately"),
    hidden("lock", "W", "lock", "lock or unlock writes"),
    hidden("handover", "H", "handover", "write a report for the next shift", "journal --since 8h"),
    hidden("theme", "", "theme", "use the next theme"),
    hidden(
        "suspend_process", "ctrl+z", "suspend", "suspend the console and return to the shell; fg resumes it"
    ),
    shown("leave", "q", "quit", "show what keeps running, then quit", "status"),
)

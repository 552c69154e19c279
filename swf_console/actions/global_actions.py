"""Actions that work on every screen."""

from .action import hidden, shown
from .screens import BY_SCREEN

GLOBAL_ACTIONS = (
    *sorted((screen.open for screen in BY_SCREEN), key=lambda action: action.keys),
    shown("palette", "colon", "command", "find every action by its name", "--help"),
    shown("help", "question_mark", "help", "what can be done here", "--help"),
    hidden("namespace", "0", "namespace", "choose the namespace to look at", "namespaces"),
    hidden("doctor", "exclamation_mark", "doctor", "check everything", "doctor"),
    hidden(
        "launch",
        "R",
        "run",
        "run a workflow: choose, look, override, start",
        "--run stf_datataking --namespace demo",
    ),
    hidden("app.focus_next", "tab", "next part", "to the next part of the screen"),
    hidden("app.focus_previous", "shift+tab", "part before", "to the part before"),
    hidden("copy", "y", "copy", "copy what is under the cursor (OSC 52)"),
    hidden("alert", "full_stop", "go there", "go to the newest alert", "status"),
    hidden("acknowledge", "a", "ack", "acknowledge the newest alert"),
    hidden("update", "u", "update", "read again at once"),
    hidden("lock", "W", "lock", "lock and unlock writes"),
    hidden("handover", "H", "handover", "a report for the next shift", "journal --since 8h"),
    hidden("theme", "", "theme", "the next theme"),
    hidden("suspend_process", "ctrl+z", "suspend", "back to the shell; fg comes back"),
    shown("leave", "q", "quit", "say what keeps running, and go", "status"),
)

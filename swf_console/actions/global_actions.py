"""What can be done on every screen."""

from .registry import Action

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
    Action("app.focus_next", ("tab",), "next part", "to the next part of the screen", "", shown=False),
    Action("app.focus_previous", ("shift+tab",), "part before", "to the part before", "", shown=False),
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

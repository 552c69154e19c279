"""What can be done on the screens that say how the testbed is."""

from .registry import Action, Tier, columns

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
        "end_orphans",
        ("X",),
        "end orphans",
        "end the processes that outlived their supervisord",
        "agents orphans --end",
        Tier.MANY,
        ("agents",),
        shown=False,
    ),
    Action(
        "logs", ("l",), "logs", "show or hide the log", "agents logs example-data-agent", screens=("agents",)
    ),
    columns("agents", "agents"),
    Action(
        "back",
        ("escape",),
        "back",
        "from the log to the list; marks go",
        "",
        screens=("agents",),
        shown=False,
    ),
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
    columns("journal", "journal"),
    Action("back", ("escape",), "back", "the filter goes", "", screens=("journal",), shown=False),
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
        "edit",
        ("e",),
        "edit",
        "change the value under the cursor; what would differ is shown, and asked, before it is written",
        "config set parameters.stf_count=4",
        Tier.REVERSIBLE,
        ("namespaces",),
    ),
    Action(
        "file",
        ("o",),
        "other file",
        "the next file: testbed.toml, then each workflow configuration",
        "config list",
        screens=("namespaces",),
        argument="name",
    ),
    Action(
        "take_out",
        ("backspace", "delete"),
        "take out",
        "take the value under the cursor out of the file",
        "config set parameters.stf_count",
        Tier.REVERSIBLE,
        ("namespaces",),
    ),
    Action("back", ("escape",), "back", "out of what is typed", "", screens=("namespaces",), shown=False),
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
    columns("fast_processing", "plan fast_processing_default"),
)

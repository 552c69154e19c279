"""An operator's first session in tmux: from an unnamed namespace to a stopped run and its replay."""

import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import running
from ..support.processes.site import PROGRAMS, TYPED, Site
from ..support.processes.terminal import PROMPT, TmuxTerminal
from .conftest import SHARED, make_site, watched

SUPERVISORCTL = shlex.quote(str(PROGRAMS / "supervisorctl"))
STFS, MANY_STFS = 40, 900
# a run of ten seconds with short slices
QUICK = f"""
[parameters]
stf_count = {STFS}
stf_interval = 0.3
stf_sampling_rate = 0.1
slices_per_sample = 4
slice_processing_time = 0.5
no_beam_not_ready_delay = 0.2
broadcast_delay = 0.1
beam_not_ready_delay = 0.2
beam_ready_delay = 0.2
beam_not_ready_end_delay = 0.2
"""


@pytest.fixture
def new_site(request: pytest.FixtureRequest, new_home: Path) -> Iterator[Site]:
    """A home without a namespace."""
    with watched(make_site(request, new_home, "activemq")) as made:
        testbed = made.home / "workflows/testbed.toml"
        text = testbed.read_text().replace(made.namespace, "your-namespace")
        testbed.write_text(text.partition("[parameters]")[0] + QUICK)
        yield made


@pytest.fixture
def terminal(request: pytest.FixtureRequest, new_site: Site, tmp_path: Path) -> Iterator[TmuxTerminal]:
    """A terminal in that home."""
    environment = {**new_site.environment, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    with tempfile.TemporaryDirectory(prefix="tmux-") as folder:
        yield from running(TmuxTerminal(Path(folder), new_site.home, environment, request.param))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("new_site", "terminal"),
    [
        pytest.param("embedded", (80, 24), id="80x24"),
        pytest.param("embedded", (160, 50), id="160x50"),
        pytest.param(*SHARED.values, (80, 24), marks=SHARED.marks, id="shared-80x24"),
    ],
    indirect=True,
)
def test_console_operator_session(terminal: TmuxTerminal, new_site: Site) -> None:
    name_namespace(terminal, new_site.namespace)
    start_agents(terminal)
    run_to_the_end(terminal)
    watch_and_stop(terminal, new_site)
    show_who_stopped_it_and_replay(terminal)
    leave(terminal, new_site.namespace)


def name_namespace(terminal: TmuxTerminal, name: str) -> None:
    terminal.type(f"{TYPED}\n")
    terminal.wait_for("Welcome: choose a name for your namespace", "shifter-dev")
    terminal.press("C-u")
    terminal.wait_gone("shifter-dev")
    terminal.type(name)
    terminal.press("Enter")
    terminal.wait_for(f"namespace {name} written to testbed.toml")


def start_agents(terminal: TmuxTerminal) -> None:
    terminal.type("2")
    terminal.wait_for("2 AGENTS", "A starts it and the needed agents")
    terminal.type("A")
    terminal.wait_for("Start 5 agents?", "fast-processing-agent", "slice-worker")
    terminal.type("y")
    for agent in ("example-data-agent", "example-fastmon-agent", "fast-processing-agent"):
        terminal.wait_match(rf"{agent} +RUNNING +\d+s", timeout=60)
    terminal.wait_gone("not running, but needed by", timeout=60)


def run_to_the_end(terminal: TmuxTerminal) -> None:
    launch(terminal, "0001", STFS)
    terminal.type("7")
    terminal.wait_for("ACTUAL: stf_datataking-shifter-0001")
    terminal.wait_match(r"done +[█░]+ ([1-9]\d*) of \d+")
    terminal.type("4")
    terminal.wait_match("completed +stf_datataking-shifter-0001", timeout=60)


def watch_and_stop(terminal: TmuxTerminal, site: Site) -> None:
    """This run is so long that it cannot end before it is stopped, however slow the machine is."""
    testbed = site.home / "workflows/testbed.toml"
    testbed.write_text(testbed.read_text().replace(f"stf_count = {STFS}", f"stf_count = {MANY_STFS}"))
    launch(terminal, "0002", MANY_STFS)
    terminal.type("3")
    terminal.wait_for("3 MESSAGES", "FOLLOW", "stf_gen", "swf.1")
    terminal.type("/")
    terminal.wait_for("filter:")
    terminal.type("type=run_*")
    terminal.press("Enter")
    terminal.wait_for("/ type=run_*", "run_imminent")
    terminal.wait_gone("swf.1")
    terminal.press("Escape")
    terminal.wait_for("swf.1")
    terminal.press("Space")
    terminal.wait_match(r"PAUSED, [\d,]+ new")
    terminal.press("Space")
    terminal.wait_for("FOLLOW")

    terminal.type("1")
    terminal.wait_match(rf" ([5-9]|\d\d+) of {MANY_STFS}")
    terminal.type("x")
    terminal.wait_for("Stop stf_datataking-shifter-0002? y/N")
    terminal.type("y")
    terminal.wait_for("terminated after")


def show_who_stopped_it_and_replay(terminal: TmuxTerminal) -> None:
    terminal.type("4")
    terminal.wait_match("terminated +stf_datataking-shifter-0002")
    terminal.type("g")
    terminal.wait_match("▌.*stf_datataking-shifter-0002")
    terminal.press("Enter")
    terminal.wait_match("stf_datataking-shifter-0002 .*terminated")
    terminal.wait_match(rf"STFs +\d+ of {MANY_STFS}")
    terminal.wait_match(r"stop requested +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, by shifter")
    terminal.type("p")
    terminal.wait_for("Replay of stf_datataking-shifter-0002", "paused at 1 x")
    terminal.press("Space")
    terminal.wait_match(r"[1-9]\.\d+s of|0\.[1-9]\d*s of")
    terminal.wait_for("beam/not_ready")


def leave(terminal: TmuxTerminal, namespace: str) -> None:
    terminal.type("q")
    terminal.wait_for("Quit the console?", f"no execution is running in {namespace}")
    terminal.wait_match(r"\d programs continue under supervisord")
    terminal.type("y")
    terminal.wait_for(PROMPT)
    terminal.type(f"clear; {TYPED} executions; {TYPED} down; echo code=$?\n")
    terminal.wait_for("completed", "terminated", "code=0", timeout=60)
    terminal.type(f"clear; {SUPERVISORCTL} -c agents.supervisord.conf shutdown\n")
    terminal.wait_for("Shut down")


def launch(terminal: TmuxTerminal, number: str, stfs: int) -> None:
    terminal.type("R")
    terminal.wait_for("Run a workflow", "fast_processing_default", "realtime", f"{stfs} STFs in")
    terminal.type("s")
    terminal.wait_for("1 OVERVIEW", f"stf_datataking-shifter-{number} started by")

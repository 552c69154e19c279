"""What somebody waits for who types `testbed run`, or `testbed status` with everything up or down."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from swf_console.backend.services.agents.programs import supervisor_of
from tests.support.waiting import wait_for

from .harness import Row, median, shown
from .stage import Home, Stage, timed

TITLE = "The one command: start what is missing and return; what runs, and one verdict"
TESTBED = Path(sys.executable).with_name("testbed")
RUN = ("run", "fast_processing", "--no-realtime")
RUN_SECONDS, STATUS_SECONDS = 5.0, 1.0


def rows(stage: Stage) -> list[Row]:
    """Every row; each the worst of a few."""
    times = stage.amount(5, 1)
    found = []
    with stage.home() as home:
        _name_namespace(home)
        try:
            first = [_type(home, *RUN)]
            found.append(_row("testbed run, supervisord and seven processes to start", first, RUN_SECONDS))
            again = [_type(home, *RUN) for _ in range(times)]
            found.append(_row("testbed run, everything runs already", again, RUN_SECONDS))
            up = [_type(home, "status") for _ in range(times)]
            found.append(_row("testbed status, everything runs", up, STATUS_SECONDS))
            with _everything_down(home) as environ:
                down = [_type(home, "status", environ=environ, code=3) for _ in range(times)]
            note = "broker and database accept and say nothing, supervisord is frozen"
            found.append(_row("testbed status, every backend down", down, STATUS_SECONDS, note))
        finally:
            supervisor_of(home.settings).shutdown()
    return found


def _row(what: str, taken: list[float], target: float, note: str = "") -> Row:
    worst = max(taken)
    note = note or (f"median {shown(median(taken), 's')}" if len(taken) > 1 else "")
    return Row(what, shown(worst, "s"), "", None, f"< {target:g} s", worst < target, note)


def _type(home: Home, *words: str, environ: Mapping[str, str] | None = None, code: int = 0) -> float:
    """Seconds of one command, which ends with that exit code."""
    command = [str(TESTBED), *words]

    def call() -> None:
        env = {**home.environ, **(environ or {})}
        done = subprocess.run(command, cwd=home.path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr + done.stdout

    return timed(call)


def _name_namespace(home: Home) -> None:
    settings = home.path / "workflows/testbed.toml"
    settings.write_text(settings.read_text().replace("your-namespace", "bench"))


@contextmanager
def _everything_down(home: Home) -> Iterator[dict[str, str]]:
    """An environment whose broker and database accept and never answer; supervisord is frozen meanwhile."""
    pid = supervisor_of(home.settings).probe().pid
    assert pid is not None
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield {
                "ACTIVEMQ_HOST": "127.0.0.1",
                "ACTIVEMQ_PORT": str(port),
                "SWF_DATABASE_URL": f"postgresql://bench@127.0.0.1:{port}/bench",
            }
        finally:
            os.kill(pid, signal.SIGCONT)
            wait_for(lambda: supervisor_of(home.settings).probe().pid == pid)

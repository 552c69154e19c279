"""The console in a real terminal, at both sizes: runs of another shell, suspend, signals, resize, ASCII."""

import json
import os
import shlex
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import running
from ..support.homes import plain_environment, run
from ..support.processes.site import SWF_CONSOLE, TYPED
from ..support.processes.terminal import PROMPT, TmuxTerminal
from ..support.waiting import wait_for

SIZES = [(80, 24), (160, 50)]


@pytest.fixture(params=SIZES, ids=["80x24", "160x50"])
def terminal(request: pytest.FixtureRequest, new_home: Path, tmp_path: Path) -> Iterator[TmuxTerminal]:
    """A terminal in a fresh home, with nothing set."""
    with tempfile.TemporaryDirectory(prefix="tmux-") as folder:
        environment = plain_environment(USER="shifter", XDG_CONFIG_HOME=str(tmp_path / "config"))

        yield from running(TmuxTerminal(Path(folder), new_home, environment, request.param))


def test_console_run_of_other_shell_is_followed(terminal: TmuxTerminal, new_home: Path) -> None:
    terminal.type(f"{TYPED} --namespace demo\n")
    terminal.wait_for("1 OVERVIEW")
    terminal.type("3")
    terminal.wait_for("3 MESSAGES", "FOLLOW", "Connected")
    words: list[str | Path] = [SWF_CONSOLE, "--namespace=demo", "--run=stf_datataking", "--stf-count=5"]
    done = run(words, cwd=new_home, environment=plain_environment(USER="shifter"))
    assert done.returncode == 0, done.stderr
    terminal.wait_for("end_run", "stf_gen 5")

    terminal.press("Space")
    terminal.wait_for("PAUSED")
    terminal.type("k")
    terminal.press("Enter")
    terminal.wait_for('"msg_type": "stf_gen"', '"sequence": 5')
    terminal.type("d")
    terminal.wait_for("swf.100010.000001.stf")
    terminal.type("f")
    terminal.wait_for("FOLLOW", "end_run")

    terminal.type("q")
    terminal.wait_for("Quit the console?", "no execution is running in demo")
    terminal.type("y")
    terminal.wait_for(PROMPT)
    terminal.type("echo code=$?\n")
    terminal.wait_for("code=0")


def test_console_suspended_and_terminated_restores_terminal(terminal: TmuxTerminal) -> None:
    terminal.type(f"{TYPED} --namespace demo\n")
    terminal.wait_for("1 OVERVIEW", "broker ●")
    terminal.press("C-z")
    terminal.wait_for("topped")
    terminal.type("fg\n")
    terminal.wait_for("1 OVERVIEW", "? help")

    terminal.type(":")
    terminal.wait_for("Command")
    terminal.type("\x1b4")
    terminal.wait_for("4 EXECUTIONS")
    terminal.wait_gone("Command")
    for pid in terminal.programs():
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not terminal.programs(), 20)
    terminal.type("echo code=$?\n")
    terminal.wait_for("code=130")
    assert terminal.is_restored


def test_console_ascii_locale_paints_ascii_only(terminal: TmuxTerminal) -> None:
    terminal.type(f"LC_ALL=C {TYPED} --namespace demo\n")
    terminal.wait_for("1 OVERVIEW", "broker *")
    for keys, words in (("R", "+- Run a workflow"), ("!", "Doctor"), (":", "Command"), ("?", "Help: ")):
        terminal.type(keys)
        screen = terminal.wait_for(words)
        assert screen.isascii(), screen
        terminal.press("Escape")
        terminal.wait_gone(words)
    for n, name in enumerate(("OVERVIEW", "AGENTS", "MESSAGES", "EXECUTIONS", "DEF", "NAMESP", "FAST"), 1):
        terminal.type(str(n))
        screen = terminal.wait_for(f"{n} {name}")
        assert screen.isascii(), screen


def test_console_read_only_shows_reason(terminal: TmuxTerminal) -> None:
    terminal.type(f"{TYPED} --namespace demo --read-only\n")
    terminal.wait_for("demo", "RO", "broker ●")
    terminal.type("W")
    terminal.wait_for("read-only: the console was started with --read-only")
    terminal.type("q")
    terminal.wait_for("Quit the console?")
    terminal.type("q")
    wait_for(lambda: PROMPT in terminal.screen, 20)


CRASHING = """
import sys
from swf_console.__main__ import main
from swf_console.screens.shell.commands import Commands

def broken(self, name=""):
    secret = "hidden"
    raise ZeroDivisionError("no theme [red]")

Commands.theme = broken
sys.exit(main(["--namespace", "demo"]))
"""


def test_console_failed_handler_restores_terminal_and_logs_traceback(
    terminal: TmuxTerminal, new_home: Path, tmp_path: Path
) -> None:
    script = tmp_path / "crashing.py"
    script.write_text(CRASHING)
    terminal.type(f"{shlex.quote(str(SWF_CONSOLE.with_name('python')))} {shlex.quote(str(script))}\n")
    terminal.wait_for("1 OVERVIEW", "broker ●")
    terminal.type(":theme\r")
    terminal.wait_for(PROMPT)
    wait_for(lambda: not terminal.programs(), 20)
    terminal.type("echo code=$?\n")
    screen = terminal.wait_for("code=1", "console failed: ZeroDivisionError: no theme [red].")
    assert terminal.is_restored
    assert "Traceback" not in screen
    assert "secret" not in screen
    state = new_home / ".state"
    logged = (state / "logs/console.log").read_text()
    assert "in broken" in logged
    assert "hidden" not in logged.partition("secret")[0]
    done = run(
        [SWF_CONSOLE, "journal", "--json"], cwd=new_home, environment=plain_environment(USER="shifter")
    )
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    (error,) = [entry for entry in entries if entry["kind"] == "error"]
    assert error["what"] == "console failed: ZeroDivisionError: no theme [red]"
    assert "in broken" in error["result"]


def test_console_in_tmux_sets_title_copies_and_resizes(terminal: TmuxTerminal) -> None:
    terminal.take_clipboard()
    terminal.type(f"{TYPED} --namespace demo\n")
    terminal.wait_for("1 OVERVIEW", "broker ●")
    wait_for(lambda: terminal.ask("pane_title") == "swf-console demo ok", 20)

    terminal.type("y")
    terminal.wait_for("copy", "command line")
    terminal.type("l")
    terminal.wait_for("copied command line (OSC 52 through tmux)")
    assert terminal.buffer == "swf-console status"

    for width, height in ((60, 15), (100, 30), (200, 60), (80, 24)):
        terminal.resize(width, height)
        wait_for(lambda: len(terminal.screen.splitlines()[2]) == width, 20)  # noqa: B023 (it is called here)
        terminal.wait_for("OVERVIEW", "q quit")
        assert all(len(line) <= width for line in terminal.screen.splitlines())
    terminal.type("q")
    terminal.wait_for("Quit the console?")
    terminal.type("y")
    wait_for(lambda: not terminal.programs(), 20)
    assert terminal.is_restored

"""The end of a console whose terminal is gone."""

import threading

import pytest

from swf_console.terminal import loss
from swf_console.terminal.loss import TerminalLoss


class RecordingConsole:
    """Records the calls; `killed` is set by the last one."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.killed = threading.Event()

    def refuse_actions(self) -> None:
        self.calls.append("refuse")

    def request_exit(self) -> None:
        self.calls.append("exit")

    def close_executions(self) -> None:
        self.calls.append("close")

    def kill(self) -> None:
        self.calls.append("kill")
        self.killed.set()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that end a test soon."""
    monkeypatch.setattr(loss, "END_SECONDS", 0.01)
    monkeypatch.setattr(loss, "CLOSE_SECONDS", 0.01)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("lost", [True, False])
def test_terminal_loss_console_that_does_not_end_is_killed(lost: bool) -> None:
    console = RecordingConsole()
    terminal = TerminalLoss(console)
    terminal.watch()
    (terminal.report if lost else terminal.end)()
    assert console.killed.wait(10)
    assert [call for call in console.calls if call != "refuse"] == ["exit", "close", "kill"]
    assert console.calls[0] == "refuse"
    assert terminal.lost


@pytest.mark.usefixtures("short")
def test_terminal_loss_executions_that_do_not_end_delay_the_kill_only_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loss, "EXECUTIONS_SECONDS", 0.01)
    console = RecordingConsole()
    console.close_executions = threading.Event().wait  # type: ignore[assignment, method-assign]
    terminal = TerminalLoss(console)
    terminal.watch()
    terminal.report()
    assert console.killed.wait(10)

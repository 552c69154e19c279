"""Writing to a terminal that stalls or disappears."""

import os
import threading
from collections.abc import Iterator

import pytest

from swf_console.terminal.output import TerminalFile, TerminalWriter, as_file

from ...support.waiting import wait_for

MUCH = "x" * 200_000


class RecordedLoss:
    """Records whether the loss of the terminal was reported."""

    def __init__(self) -> None:
        self.lost = False

    def report(self) -> None:
        self.lost = True


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe in place of a terminal: its reading and its writing end."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test has closed it


def test_terminal_file_open_terminal_writes_all(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    TerminalFile(write_end, RecordedLoss()).write("● a \ud800")
    assert os.read(read_end, 100) == "● a ?".encode()


def test_terminal_file_closed_terminal_reports_loss(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    loss = RecordedLoss()
    file = TerminalFile(write_end, loss)
    os.close(read_end)
    file.write("text")
    assert loss.lost
    file.write("dropped")


def test_terminal_file_non_blocking_terminal_waits_for_room(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    os.set_blocking(write_end, False)
    file = TerminalFile(write_end, RecordedLoss())
    writing = threading.Thread(target=file.write, args=(MUCH,), daemon=True)
    writing.start()
    received = 0
    while received < len(MUCH):
        received += len(os.read(read_end, 65536))
    writing.join(10)
    assert not writing.is_alive()


def test_terminal_writer_stalled_terminal_lost_releases_its_callers(pipe: tuple[int, int]) -> None:
    _, write_end = pipe
    os.set_blocking(write_end, False)
    loss = RecordedLoss()
    writer = TerminalWriter(as_file(TerminalFile(write_end, loss)), loss)
    writer.start()

    def write_much() -> None:
        for _ in range(100):
            writer.write(MUCH)
        writer.stop()

    caller = threading.Thread(target=write_much, daemon=True)
    caller.start()
    wait_for(writer._queue.full)
    loss.report()
    caller.join(10)
    assert not caller.is_alive()


def test_terminal_writer_stop_writes_what_is_queued(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    loss = RecordedLoss()
    writer = TerminalWriter(as_file(TerminalFile(write_end, loss)), loss)
    writer.start()
    writer.write("first ")
    writer.write("second")
    writer.stop()
    assert os.read(read_end, 100) == b"first second"
    assert not writer.is_alive()

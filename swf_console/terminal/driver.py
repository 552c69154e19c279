"""Textual's driver for Linux terminals, changed to survive a terminal that stalls, stops or disappears."""

import os
import selectors
import signal
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, cast

from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

from ..widgets.repaint import TerminalOutput
from .keys import TerminalKeys
from .loss import TerminalLoss
from .output import TerminalFile, TerminalWriter, as_file

SELECT_SECONDS = 0.1
READ_BYTES = 4096


class HasTerminalLoss(Protocol):
    """The application that a driver belongs to."""

    terminal_loss: TerminalLoss


class TerminalDriver(LinuxDriver):
    """Reports a terminal that is gone, never waits for it, and stops together with its process group.

    `output` measures how fast the terminal is. Textual 8.2 reads end of file in an endless loop; a write
    error ends its writer thread, and then the application waits for it forever.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._loss = cast("HasTerminalLoss", self._app).terminal_loss
        self._loss.watch()
        self.output = TerminalOutput(as_file(TerminalFile(self._file.fileno(), self._loss)))
        self._file: Any = self.output
        self._active = self._own_stop = False

    def start_application_mode(self) -> None:
        """Start with a writer thread that can be given up."""

        def writer(file: Any) -> WriterThread:
            return TerminalWriter(file, self._loss)

        # the base class creates its writer thread itself, and there is no other way to give it one
        linux_driver.WriterThread = writer  # type: ignore[assignment, attr-defined]
        keys = self._key_thread
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # in the background it returns early, and has started no thread
        self._active = self._key_thread is not keys

    def run_input_thread(self) -> None:
        """Read keys until the application ends; end of file and errors mean that the terminal is gone."""
        parser = TerminalKeys(self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(SELECT_SECONDS):
                    data = self._read()
                    if not data:
                        self._loss.report()
                        return
                    for event in parser.feed(decode(data)):
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)

    def suspend_application_mode(self) -> None:
        """Ctrl-Z closes the input too; clear the event, so that keys are read again afterwards."""
        super().suspend_application_mode()
        self.exit_event.clear()
        self._active = False

    def close(self) -> None:
        """Stop reading and writing."""
        self.exit_event.set()
        super().close()

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, READ_BYTES)
        except OSError:
            return b""

    def _sigtstp_application(self, *_: object) -> None:
        self._in_loop(self._stop_group)

    def _in_loop(self, call: Callable[[], None]) -> None:
        """Call it outside the signal handler, which may have interrupted a thread that holds a lock."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(call)

    def _stop_group(self) -> None:
        """Stop the whole foreground group, as Ctrl-Z usually does: with `make run` the shell waits for make.

        SIGTSTP and not SIGSTOP: in a group that no shell can continue the kernel ignores it, and the console
        continues instead of stopping forever.
        """
        self.suspend_application_mode()
        self._own_stop = True
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.killpg(os.getpgrp(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._sigtstp_application)
        self._take_terminal()

    def _sigcont_application(self, *_: object) -> None:
        self._in_loop(self._continued)

    def _continued(self) -> None:
        """Take the terminal again: after a SIGSTOP from outside, or when it was started in the background."""
        if self._active and not self._own_stop:
            self.suspend_application_mode()
        self._own_stop = False
        if not self._active:
            self._take_terminal()

    def _take_terminal(self) -> None:
        self._must_signal_resume = True
        self.resume_application_mode()

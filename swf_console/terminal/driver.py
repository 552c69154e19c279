"""Textual's driver for Linux terminals, changed to let the process end and to measure the terminal."""

from typing import Any

from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver

from ..widgets.repaint import TerminalOutput
from .keys import TerminalKeys

# the input thread creates its parser itself, and there is no other way to give it one
linux_driver.XTermParser = TerminalKeys  # type: ignore[attr-defined]


class TerminalDriver(LinuxDriver):
    """Always ends the input thread; `output` measures how fast the terminal is.

    If the terminal disappears while it is being restored, Textual's thread would read end of file in an
    endless loop.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.output = TerminalOutput(self._file)
        self._file: Any = self.output

    def suspend_application_mode(self) -> None:
        """Ctrl-Z closes the input too; clear the event, so that keys are read again afterwards."""
        super().suspend_application_mode()
        self.exit_event.clear()

    def close(self) -> None:
        """Stop reading and writing."""
        self.exit_event.set()
        super().close()

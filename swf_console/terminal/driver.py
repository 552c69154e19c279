"""Textual's driver for terminals, made sure to let the process end, and to know how fast the terminal is."""

from typing import Any

from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver

from ..widgets.repaint import Output
from .keys import TerminalKeys

# the thread that reads the terminal makes its parser itself, and has no other way to be given one
linux_driver.XTermParser = TerminalKeys  # type: ignore[attr-defined]


class TerminalDriver(LinuxDriver):
    """Ends its input thread whatever became of the terminal; `output` knows how the terminal takes it.

    Where the terminal vanished in the middle of the restoring, Textual's thread stays, and reads its end of
    file as fast as it can for ever.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.output = Output(self._file)
        self._file: Any = self.output

    def suspend_application_mode(self) -> None:
        """Ctrl-Z closes too, and comes back: then keys are read again."""
        super().suspend_application_mode()
        self.exit_event.clear()

    def close(self) -> None:
        """Nothing is read any more, nothing is written."""
        self.exit_event.set()
        super().close()

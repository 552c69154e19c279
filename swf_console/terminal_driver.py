"""Textual's driver for terminals, made sure to let the process end."""

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Ends its input thread whatever became of the terminal.

    Where the terminal vanished in the middle of the restoring, Textual's thread stays, and reads its end of
    file as fast as it can for ever.
    """

    def close(self) -> None:
        """Nothing is read any more, nothing is written."""
        self.exit_event.set()
        super().close()

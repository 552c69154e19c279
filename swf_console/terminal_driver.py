"""Textual's driver for terminals, made sure to let the process end."""

import signal

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Once closed it stays closed.

    A terminal that is closed sends SIGHUP, then SIGCONT, which Textual takes for a return from Ctrl-Z: where
    that came while the console was ending, a new thread read the terminal's end of file for ever.
    """

    def close(self) -> None:
        """Nothing is read any more, nothing is written."""
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        self.exit_event.set()
        super().close()

"""The log of the agent under the cursor, followed while it is written."""

from typing import TYPE_CHECKING

from textual.timer import Timer

from ...backend.core.sanitize import brief
from ...viewmodels.agents.log import LogBuffer
from ...widgets.tail.log_pane import LogPane
from .rows import note_of

if TYPE_CHECKING:
    from ...backend.services.agents.snapshot import AgentStatus
    from ...viewmodels.context import ConsoleContext

# often enough to follow, and one file only
LOG_SECONDS = 0.2


class AgentLog(LogPane):
    """Follows the log of one agent while the screen is open."""

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__(identity="agents-log")
        self.context = context
        self._agent: AgentStatus | None = None
        self._buffer: LogBuffer | None = None
        self._reading: Timer | None = None

    def open(self, line: "AgentStatus | None") -> None:
        """Start reading, five times a second."""
        self._reading = self._reading or self.set_interval(LOG_SECONDS, self._read_new_lines)
        self.follow(line)

    def close(self) -> None:
        """Stop reading and close the log."""
        if self._reading:
            self._reading.stop()
            self._reading = None
        self._close_log()

    def on_unmount(self) -> None:
        """Close the log."""
        self._close_log()

    def update_status(self, line: "AgentStatus | None") -> None:
        """Take a newer status of the same agent."""
        self._agent = line

    def follow(self, line: "AgentStatus | None") -> None:
        """Follow the log of another agent."""
        self._agent = line
        program = line.key if line and line.view.program else None
        # the cursor is on the same agent: its lines stay
        if self._buffer and self._buffer.program == program:
            return
        self._close_log()
        self.clear()
        if line is None:
            self.set_title("no agent", empty="Shows the log of the agent under the cursor")
        elif program is None:
            why = "This agent is not running under this supervisord. Its log is where it was started"
            self.set_title(brief(line.key, 40), empty=why)
        else:
            self.set_title(brief(program, 40), empty="The log is empty")
            self._buffer = LogBuffer(self.context.settings, program, self.context.supervisor)

    def _read_new_lines(self) -> None:
        if self._buffer is None:
            return
        lines, dropped = self._buffer.take()
        if dropped:
            lines = [
                f"... {dropped:,} lines not shown (too many per second). All lines: swf-console agents logs",
                *lines,
            ]
        self.push(lines)
        empty = brief(self._buffer.trouble) or "The log is empty"
        self.set_title(self._heading(self._buffer.program), empty=empty)

    def _heading(self, program: str) -> str:
        """The name of the program, with its complete note."""
        line = self._agent
        note = note_of(line) if line and line.key == program and line.view.note else ""
        return brief(f"{program}: {note}" if note else program, 200)

    def _close_log(self) -> None:
        if self._buffer:
            self._buffer.close()
            self._buffer = None

"""One message in full: metadata and body."""

from ...backend.core.sanitize import brief
from ...viewmodels.messages.ring_buffer import BufferedMessage
from ...widgets.semantic_colors import Part
from ...widgets.tail.line_view import Lines
from ...widgets.text.json import json_lines

LABEL = 11
LONGEST_BODY = 400_000
PIECE = 200


class MessageDetail(Lines):
    """The message under the cursor."""

    def __init__(self) -> None:
        super().__init__(identity="message-detail")
        self._of: tuple[int, str] | None = None

    def show_message(self, message: BufferedMessage | None) -> None:
        """Show this message, unless it is shown already."""
        of = (message.number, message.id) if message else None
        if of != self._of:
            self._of = of
            self.show(message_lines(message) if message else [])
            self.scroll_to(y=0, animate=False)


def message_lines(message: BufferedMessage) -> list[list[Part]]:
    """Metadata and body."""
    if message.is_note:
        return [[(brief(message.body), "watch")]]
    fields = (
        ("type", message.msg_type),
        ("time", f"{message.at:%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"),
        ("destination", message.destination),
        ("sender", message.sender),
        ("run", message.run_id),
        ("execution", message.execution_id),
        ("namespace", message.namespace),
        ("id", message.id),
    )
    head: list[list[Part]] = [
        [(f"{name:>{LABEL}}  ", "unknown"), (brief(value, 200), "plain")] for name, value in fields if value
    ]
    if message.number < 0:
        head.append([(f"{'source':>{LABEL}}  ", "unknown"), ("database (history)", "watch")])
    return [*head, [], *body_lines(message)]


def body_lines(message: BufferedMessage) -> list[list[Part]]:
    """The body, indented where it is JSON."""
    if len(message.body) <= LONGEST_BODY and message.content is not None:
        return json_lines(message.content, "  ")
    pieces = [message.body[at : at + PIECE] for at in range(0, min(len(message.body), LONGEST_BODY), PIECE)]
    return [[(f"  {brief(piece)}", "plain")] for piece in pieces]

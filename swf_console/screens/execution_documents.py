"""What of an execution is shown or copied as a document."""

import json
from typing import TYPE_CHECKING

from .views import Document

if TYPE_CHECKING:
    from ..backend.operations.console.looked_at import Looked
    from ..backend.operations.console.services import ConsoleServices


def message_document(services: "ConsoleServices", message_id: str) -> Document:
    """A message's content as pretty JSON."""

    def read() -> str:
        from dataclasses import asdict

        from ..backend.operations.console.looked_at import look_at_message

        whole = asdict(look_at_message(services, message_id))
        return json.dumps(whole, indent=2, default=str, ensure_ascii=False)

    return Document(f" message {message_id}", read, "json")


def document_of(looked: "Looked") -> str:
    """An execution as JSON."""
    from dataclasses import asdict

    detail = looked.detail
    document = {
        **asdict(detail.execution),
        "run_number": detail.run_number,
        "messages_by_type": detail.messages_by_type,
        "drift": asdict(detail.drift),
    }
    return json.dumps(document, indent=2, default=str, ensure_ascii=False)

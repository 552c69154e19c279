"""Messages as a broker sends them."""

import pytest

from swf_console.backend.messaging.broker_client import RawMessage


@pytest.mark.parametrize(
    ("headers", "body", "is_text"),
    [
        ({"content-length": "3"}, "abc", True),
        ({"content-length": "2"}, "ü", True),
        ({"content-length": "1"}, "\ufffd", False),
        ({"content-length": "3"}, "\ufffd", True),
        ({}, "abc", True),
        ({}, "a\ufffd", False),
        ({"content-length": "x"}, "abc", True),
    ],
)
def test_raw_message_body_that_lost_bytes_is_not_text(
    headers: dict[str, str], body: str, is_text: bool
) -> None:
    assert RawMessage(headers, body).is_text is is_text

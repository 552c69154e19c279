"""Connections in the status bar."""

from datetime import UTC, datetime, timedelta

import pytest

from swf_console.backend.services.health.connection import ConnectionStatus, Connectivity
from swf_console.screens.shell.status import connection_sign


@pytest.mark.parametrize(
    ("state", "seconds", "color", "text"),
    [
        (Connectivity.STARTING, None, "unknown", "starting"),
        (Connectivity.UP, 4, "ok", "4s"),
        (Connectivity.UP, 20, "watch", "20s"),
        (Connectivity.IDLE, 4, "off", "off"),
        (Connectivity.SLOW, 9, "watch", "slow 9s"),
        (Connectivity.DOWN, 9, "bad", "down 9s"),
        (Connectivity.DOWN, None, "bad", "down"),
        (Connectivity.UNUSABLE, None, "bad", "unusable"),
    ],
)
def test_connection_sign_state_has_color_and_text(
    state: Connectivity, seconds: float | None, color: str, text: str
) -> None:
    proved_at = None if seconds is None else datetime.now(UTC) - timedelta(seconds=seconds)
    sign = connection_sign(ConnectionStatus("db", state, proved_at=proved_at))
    assert (sign.color, sign.text) == (color, text)

"""The time in a message."""

from datetime import UTC, datetime

import pytest

from swf_console.backend.simulation.timestamps import Timestamps


def test_it_is_the_time_in_iso_8601_with_its_zone() -> None:
    timestamps, before = Timestamps(), datetime.now(UTC)

    told = [datetime.fromisoformat(timestamps.now()) for _ in range(3)]

    assert before <= told[0] <= told[1] <= told[2] <= datetime.now(UTC)
    assert told[0].utcoffset() == before.utcoffset()


@pytest.mark.parametrize("nanoseconds", [0, 1_700_000_000_000_000_999, 1_700_000_000_999_999_999])
def test_the_next_second_is_written_anew(nanoseconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    timestamps = Timestamps()
    timestamps.now()
    monkeypatch.setattr("time.time_ns", lambda: nanoseconds)

    whole = datetime.fromtimestamp(nanoseconds // 10**9, UTC).replace(microsecond=nanoseconds // 1000 % 10**6)
    assert timestamps.now() == whole.isoformat(timespec="microseconds")

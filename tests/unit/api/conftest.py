"""The monitor's application for tests of its endpoints."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.monitor import Monitor, monitor_in


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Monitor]:
    """A monitor on an empty database, called without a network."""
    with monitor_in(tmp_path) as found:
        yield found

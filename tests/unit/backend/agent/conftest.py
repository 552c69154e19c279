"""Fixtures of the agents' tests: a home with a broker in memory, in which agents run as threads."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agents import AgentStage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[AgentStage]:
    """A home without executions."""
    made = AgentStage(tmp_path)
    yield made
    made.close()

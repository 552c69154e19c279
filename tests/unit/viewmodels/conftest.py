"""A home of a test's own."""

from pathlib import Path

import pytest

from swf_console.backend.core.settings import Settings, load_settings
from tests.support.homes import plain_environment


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "home/workflows").mkdir(parents=True)
    environment = plain_environment(SWF_STATE_DIR=str(tmp_path / "state"), USER="alice")
    return load_settings(environment, home=tmp_path / "home")

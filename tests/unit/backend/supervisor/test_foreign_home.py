"""A home whose agents.supervisord.conf was made for another testbed."""

from configparser import RawConfigParser
from pathlib import Path

import pytest

from swf_console.backend.core.errors import UsageError
from swf_console.backend.supervisor.daemon import check_configuration
from swf_console.backend.supervisor.foreign_home import (
    CONFIGURATION,
    SERVICES,
    is_foreign,
    service_configuration,
)
from swf_console.backend.supervisor.paths import find_paths
from swf_console.backend.supervisor.programs import shipped_programs
from tests.support.homes import CHECKOUT

FOREIGN = """\
[unix_http_server]
file=/tmp/swf-agents-supervisor-%(ENV_USER)s.sock
[program:example-data-agent]
command=python example_agents/example_data_agent.py
"""


@pytest.fixture
def foreign_home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / CONFIGURATION).write_text(FOREIGN)
    return home


def test_service_configuration_has_the_shipped_services_as_they_are() -> None:
    ours, shipped = RawConfigParser(), RawConfigParser(inline_comment_prefixes=(";",))
    ours.read_string(service_configuration())
    shipped.read_string((CHECKOUT / CONFIGURATION).read_text())
    names = [f"program:{name}" for name in SERVICES]
    assert [name for name in ours.sections() if name.startswith("program:")] == names
    for section in (*names, "unix_http_server", "supervisord", "include"):
        assert dict(ours[section]) == dict(shipped[section])


def test_foreign_home_supervisord_runs_from_the_state_directory(foreign_home: Path, tmp_path: Path) -> None:
    paths = find_paths(foreign_home, tmp_path / "state")
    check_configuration(paths)
    assert paths.configuration.read_text() == service_configuration()
    assert paths.configuration.resolve() == (tmp_path / "state" / CONFIGURATION).resolve()
    assert (foreign_home / CONFIGURATION).read_text() == FOREIGN
    assert set(shipped_programs(foreign_home)) == set(SERVICES)


@pytest.mark.parametrize(
    "text", [FOREIGN.replace("python example", "python -m swf_console.launch example"), "no section\n"]
)
def test_own_home_with_a_wrong_configuration_is_refused(
    foreign_home: Path, tmp_path: Path, text: str
) -> None:
    (foreign_home / CONFIGURATION).write_text(text)
    assert not is_foreign(foreign_home)
    with pytest.raises(UsageError, match="Write file="):
        check_configuration(find_paths(foreign_home, tmp_path / "state"))

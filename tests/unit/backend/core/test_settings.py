"""Environment and command line become one Settings, or one clear line."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from swf_console.backend.core import settings
from swf_console.backend.core.errors import UsageError
from swf_console.backend.core.settings import find_broker, find_home, find_state_dir, find_user, load_settings
from swf_console.backend.database.connection import urls


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose path has spaces and what means something in a URL."""
    return make_home(tmp_path / "a home, 100%20 odd?")


def make_home(path: Path) -> Path:
    (path / "workflows").mkdir(parents=True)
    (path / "workflows" / "testbed.toml").touch()
    return path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def owned_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process somebody else than the owner of every file there is."""
    uid = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: uid)


def forbid_access(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every file one that this process may neither read nor write."""
    monkeypatch.setattr(os, "access", lambda *_: False)


class TestHome:
    def test_nearest_folder_above_is_home(self, home: Path) -> None:
        below = make_home(home / "inner") / "workflows" / "deep"
        below.mkdir()
        assert load_settings({}, start=below).home == home / "inner"

    def test_command_line_overrides_environment(self, home: Path, tmp_path: Path) -> None:
        other = make_home(tmp_path / "other")
        assert find_home({"SWF_CONSOLE_HOME": str(other)}, home) == home
        assert find_home({"SWF_CONSOLE_HOME": str(other)}, None, home) == other

    def test_named_home_without_workflows_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no workflows/ folder"):
            find_home({}, tmp_path)

    def test_no_home_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="swf-console init DIR"):
            find_home({}, None, tmp_path)

    def test_deleted_working_directory_one_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone = tmp_path / "gone"
        gone.mkdir()
        monkeypatch.chdir(gone)
        gone.rmdir()
        with pytest.raises(UsageError, match="working directory was deleted"):
            find_home({}, None)

    def test_deleted_working_directory_named_home_works(
        self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone = tmp_path / "gone"
        gone.mkdir()
        monkeypatch.chdir(gone)
        gone.rmdir()
        assert load_settings({}, home=home).home == home

    def test_too_long_name_is_not_a_home(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="is not a home"):
            find_home({}, tmp_path / ("x" * 300))

    def test_unknown_user_one_line(self) -> None:
        with pytest.raises(UsageError, match="no home directory of this user"):
            find_home({}, "~no-such-account/home")


class TestUser:
    @pytest.mark.parametrize(
        ("environment", "name"),
        [
            ({"USER": "wenauseic"}, "wenauseic"),
            ({"LOGNAME": "torre"}, "torre"),
            ({"USER": "", "LOGNAME": "torre"}, "torre"),
            ({"USER": "DOMAIN\\jane doe"}, "DOMAIN_jane_doe"),
            ({"USER": "x" * 80}, "x" * 50),
        ],
    )
    def test_name_fits_into_execution_id(self, environment: dict[str, str], name: str) -> None:
        assert find_user(environment) == name

    def test_user_unset_name_from_system(self) -> None:
        import pwd

        assert find_user({}) == pwd.getpwuid(os.getuid()).pw_name

    def test_account_without_name_uses_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "getuid", lambda: 3_999_999)
        assert find_user({}) == "uid3999999"


class TestStateDirectory:
    def test_own_home_private_directory(self, home: Path) -> None:
        assert find_state_dir({}, home) == home / ".state"
        assert mode_of(home / ".state") == 0o700

    def test_open_mode_is_restricted(self, home: Path) -> None:
        (home / ".state").mkdir(mode=0o755)
        assert mode_of(find_state_dir({}, home)) == 0o700

    def test_environment_sets_directory(self, home: Path, tmp_path: Path) -> None:
        assert (
            find_state_dir({"SWF_STATE_DIR": str(tmp_path / "a b" / "state")}, home) == tmp_path / "a b/state"
        )
        assert not (home / ".state").exists()

    @pytest.mark.parametrize(("environment", "base"), [("XDG_STATE_HOME", "{}"), ("HOME", "{}/.local/state")])
    def test_home_of_another_user_uses_xdg(
        self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str, base: str
    ) -> None:
        forbid_access(monkeypatch)
        found = find_state_dir({environment: str(tmp_path)}, home)
        assert found.parent == Path(base.format(tmp_path)) / "swf-console"
        assert mode_of(found) == 0o700

    def test_relative_xdg_directory_ignored(
        self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forbid_access(monkeypatch)
        found = find_state_dir({"XDG_STATE_HOME": "relative", "HOME": str(tmp_path)}, home)
        assert found.is_relative_to(tmp_path / ".local" / "state")

    def test_two_homes_of_one_name_have_separate_directories(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forbid_access(monkeypatch)
        environment = {"XDG_STATE_HOME": str(tmp_path / "state")}
        long = "x" * 200
        homes = [make_home(tmp_path / name) for name in ("a/b_c", "a_b/c", f"one/{long}", f"two/{long}")]
        found = {find_state_dir(environment, home) for home in homes}
        assert len(found) == len(homes)
        assert max(len(path.name) for path in found) < 50

    def test_owned_by_another_user_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        named = tmp_path / "state"
        named.mkdir(mode=0o700)
        owned_by_another(monkeypatch)
        with pytest.raises(UsageError, match="belongs to another user"):
            settings.private_directory(named)

    def test_shared_directory_refused_and_unchanged(self, tmp_path: Path) -> None:
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        with pytest.raises(UsageError, match="Set SWF_STATE_DIR"):
            settings.private_directory(shared)
        assert mode_of(shared) == 0o1777

    def test_file_instead_of_directory_one_line(self, home: Path) -> None:
        (home / ".state").touch()
        with pytest.raises(UsageError, match=r"\.state: cannot be used"):
            find_state_dir({}, home)

    def test_database_url_any_path(self, home: Path) -> None:
        address = urls.parse(load_settings({}, home=home).database_url)
        assert urls.file_of(address) == home / ".state" / "swf.db"


class TestBroker:
    def test_no_variables_no_broker(self) -> None:
        assert find_broker({"ACTIVEMQ_HOST": ""}) is None

    def test_default_port_of_testbed(self) -> None:
        broker = find_broker({"ACTIVEMQ_HOST": "broker.example"})
        assert broker is not None
        assert (broker.host, broker.port, broker.tls) == ("broker.example", 61612, False)

    def test_ipv6_address_is_a_host(self) -> None:
        broker = find_broker({"ACTIVEMQ_HOST": "::1"})
        assert broker is not None
        assert broker.host == "::1"

    def test_password_not_in_repr(self) -> None:
        assert "hidden" not in repr(find_broker({"ACTIVEMQ_PASSWORD": "hidden"}))

    @pytest.mark.parametrize(
        "bad",
        [
            {"ACTIVEMQ_PORT": "0"},
            {"ACTIVEMQ_PORT": "65536"},
            {"ACTIVEMQ_PORT": "-1"},
            {"ACTIVEMQ_PORT": "61612x"},
            {"ACTIVEMQ_PORT": "9" * 5000},
            {"ACTIVEMQ_HOST": "stomp://broker"},
            {"ACTIVEMQ_HOST": "broker:61612"},
            {"ACTIVEMQ_HOST": "two words"},
            {"ACTIVEMQ_USE_SSL": "perhaps"},
            {"ACTIVEMQ_USE_SSL": "true", "ACTIVEMQ_SSL_CA_CERTS": "/there/is/none.pem"},
            {"ACTIVEMQ_USE_SSL": "true", "ACTIVEMQ_SSL_CA_CERTS": "/"},
            {"ACTIVEMQ_USE_SSL": "true", "ACTIVEMQ_SSL_KEY_FILE": "/etc/passwd"},
        ],
    )
    def test_invalid_value_names_variable(self, bad: dict[str, str]) -> None:
        with pytest.raises(UsageError, match=list(bad)[-1]):
            find_broker(bad)

    def test_unreadable_authority_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        authority = tmp_path / "ca.pem"
        authority.touch()
        forbid_access(monkeypatch)
        with pytest.raises(UsageError, match="Fix the path or its permissions"):
            find_broker({"ACTIVEMQ_USE_SSL": "yes", "ACTIVEMQ_SSL_CA_CERTS": str(authority)})

    def test_tls_files_absolute(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "ca.pem").touch()
        monkeypatch.chdir(tmp_path)
        broker = find_broker({"ACTIVEMQ_USE_SSL": "1", "ACTIVEMQ_SSL_CA_CERTS": "ca.pem"})
        assert broker is not None
        assert broker.ca_certs == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SWF_OUTAGE_LIMIT", "soon"),
        ("SWF_OUTAGE_LIMIT", "-1"),
        ("SWF_OUTAGE_LIMIT", "nan"),
        ("SWF_LEASE_SECONDS", "0"),
        ("SWF_BROKER_PORT", "70000"),
        ("SWF_BROKER_SYNC", "never"),
    ],
)
def test_number_invalid_names_variable(home: Path, name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        load_settings({name: value}, home=home)


@pytest.mark.parametrize("read", [repr, str])
def test_secrets_not_in_repr(home: Path, read: Callable[[object], str]) -> None:
    environment = {
        "SWF_DATABASE_URL": "postgresql://swf:hidden@db/swf",
        "SWF_API_TOKEN": "hidden",
        "ACTIVEMQ_PASSWORD": "hidden",
    }
    assert "hidden" not in read(load_settings(environment, home=home))

"""Plain names, namespaces, the nearest valid name, and what counts as a secret."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_console.backend.config.names import plain_name, resolve_namespace
from swf_console.backend.config.testbed import find_testbed, load_testbed
from swf_console.backend.core.errors import ConfigurationError, NamespaceError
from swf_console.backend.core.redaction import is_secret, redact
from swf_console.backend.core.suggest import nearest


def make_testbed(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "testbed.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["torre1", "epic-fastmon-dev", "a", "A.b_c-9", "x" * 100])
def test_resolve_namespace_valid_accepted(name: str) -> None:
    assert resolve_namespace(name, None) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        (" \t\n", "is empty"),
        ("your-namespace", "placeholder"),
        (" Your-Namespace ", "placeholder"),
        ("a b", "is not valid"),
        (" torre1", "is not valid"),
        ("torre1\n", "is not valid"),
        ("x" * 101, "is not valid"),
        ("naïve", "is not valid"),
        ("a/b", "is not valid"),
        ("٣", "is not valid"),
    ],
)
def test_resolve_namespace_invalid_refused(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(NamespaceError, match=reason):
        resolve_namespace(name, None)
    quoted = name.replace("\t", "\\t").replace("\n", "\\n")
    testbed = load_testbed(make_testbed(tmp_path, f'[testbed]\nnamespace = "{quoted}"\n'))
    with pytest.raises(NamespaceError, match=reason) as caught:
        resolve_namespace(None, testbed)
    assert str(testbed.path) in caught.value.message


def test_resolve_namespace_given_wins_empty_refused(tmp_path: Path) -> None:
    testbed = load_testbed(make_testbed(tmp_path, '[testbed]\nnamespace = "theirs"\n'))
    assert resolve_namespace(None, testbed) == "theirs"
    assert resolve_namespace("mine", testbed) == "mine"
    with pytest.raises(NamespaceError, match="empty"):
        resolve_namespace("", testbed)


def test_resolve_namespace_missing_refused(tmp_path: Path) -> None:
    with pytest.raises(NamespaceError, match=r"testbed\.toml not found"):
        resolve_namespace(None, None)
    with pytest.raises(NamespaceError, match="does not set one under"):
        resolve_namespace(None, load_testbed(make_testbed(tmp_path, "[testbed]\n")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[testbed]\nnamespace = 3\n", "must be a string"),
        ("stf_count = 3\n", "outside any section"),
        ("[agents]\ndata = true\n", "must be a table"),
        ("[agents.data]\nscript = 3\n", "must be a string"),
        ("[testbed\n", "not valid TOML"),
    ],
)
def test_load_testbed_invalid_one_problem(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_testbed(make_testbed(tmp_path, text))
    assert caught.value.problems[0].line


def test_find_testbed_given_file_else_home(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    assert find_testbed(None, tmp_path) is None
    usual = make_testbed(tmp_path, "")
    assert find_testbed(None, tmp_path) == usual
    with pytest.raises(ConfigurationError, match=r"other\.toml: file not found"):
        find_testbed(other, tmp_path)
    other.touch()
    assert find_testbed(other, tmp_path) == other


def test_plain_name_returns_file_of_folder(tmp_path: Path) -> None:
    (tmp_path / "stf_datataking.py").touch()
    assert plain_name("workflow", "stf_datataking", tmp_path, ".py") == tmp_path / "stf_datataking.py"
    with pytest.raises(
        ConfigurationError, match=r"workflow not found: 'stf_datatakin'.*mean stf_datataking\?"
    ):
        plain_name("workflow", "stf_datatakin", tmp_path, ".py")


def test_plain_name_link_outside_refused(tmp_path: Path) -> None:
    home = tmp_path / "workflows"
    home.mkdir()
    (tmp_path / "outside.py").touch()
    (home / "inside.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(ConfigurationError, match="link to a file outside"):
        plain_name("workflow", "inside", home, ".py")


@given(st.text())
def test_plain_name_any_text_stays_inside_folder(text: str) -> None:
    folder = Path(__file__).parent
    try:
        found = plain_name("test", text, folder, ".py")
    except ConfigurationError as error:
        found = folder / str(error).replace("/", "")
    assert found.parent == folder


def test_nearest_best_match_first() -> None:
    names = ["stf_count", "stf_interval", "core_count", "standby_duration"]
    assert nearest("stf_cuont", names)[0] == "stf_count"
    assert nearest("STF_COUNT", names)[0] == "stf_count"
    assert nearest("zzz", names) == []


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "db_password",
        "API_KEY",
        "apiKey",
        "keys",
        "access-token",
        "authToken2",
        "passWord",
        "X-Token",
    ],
)
def test_redact_secret_by_name(name: str) -> None:
    assert is_secret(name)
    assert redact({"a": [{name: "x"}]}) == {"a": [{name: "<redacted>"}]}


@pytest.mark.parametrize("name", ["stf_count", "keyboard", "keystone", "passes", "slice_destination"])
def test_redact_other_names_unchanged(name: str) -> None:
    assert not is_secret(name)


def test_redact_below_secret_name() -> None:
    assert is_secret("secrets", "a")
    assert redact({"secrets": {"a": 1}}) == {"secrets": "<redacted>"}


def test_redact_password_in_url() -> None:
    assert redact("see postgresql://me:p@:ss@h/d") == "see postgresql://me:<redacted>@h/d"
    assert redact("http://h:80/x") == "http://h:80/x"

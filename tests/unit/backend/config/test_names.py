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
def test_a_valid_namespace_is_taken(name: str) -> None:
    assert resolve_namespace(name, None) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        (" \t\n", "is empty"),
        ("your-namespace", "placeholder"),
        (" Your-Namespace ", "placeholder"),
        ("a b", "no valid name"),
        (" torre1", "no valid name"),
        ("torre1\n", "no valid name"),
        ("x" * 101, "no valid name"),
        ("naïve", "no valid name"),
        ("a/b", "no valid name"),
        ("٣", "no valid name"),
    ],
)
def test_an_unusable_namespace_is_refused_wherever_it_comes_from(
    tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises(NamespaceError, match=reason):
        resolve_namespace(name, None)
    quoted = name.replace("\t", "\\t").replace("\n", "\\n")
    testbed = load_testbed(make_testbed(tmp_path, f'[testbed]\nnamespace = "{quoted}"\n'))
    with pytest.raises(NamespaceError, match=reason) as caught:
        resolve_namespace(None, testbed)
    assert str(testbed.path) in caught.value.message


def test_the_given_namespace_wins_and_an_empty_one_is_not_passed_over(tmp_path: Path) -> None:
    testbed = load_testbed(make_testbed(tmp_path, '[testbed]\nnamespace = "theirs"\n'))
    assert resolve_namespace(None, testbed) == "theirs"
    assert resolve_namespace("mine", testbed) == "mine"
    with pytest.raises(NamespaceError, match="empty"):
        resolve_namespace("", testbed)


def test_no_namespace_anywhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NamespaceError, match=r"no testbed\.toml"):
        resolve_namespace(None, None)
    with pytest.raises(NamespaceError, match="none under"):
        resolve_namespace(None, load_testbed(make_testbed(tmp_path, "[testbed]\n")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[testbed]\nnamespace = 3\n", "a namespace is a string"),
        ("stf_count = 3\n", "outside of every section"),
        ("[agents]\ndata = true\n", "an agent is a table"),
        ("[agents.data]\nscript = 3\n", "must be a string"),
        ("[testbed\n", "no valid TOML"),
    ],
)
def test_a_wrong_testbed_is_one_clear_problem(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_testbed(make_testbed(tmp_path, text))
    assert caught.value.problems[0].line


def test_the_testbed_asked_for_holds_else_the_one_of_the_home(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    assert find_testbed(None, tmp_path) is None
    usual = make_testbed(tmp_path, "")
    assert find_testbed(None, tmp_path) == usual
    with pytest.raises(ConfigurationError, match=r"other\.toml: no such testbed configuration"):
        find_testbed(other, tmp_path)
    other.touch()
    assert find_testbed(other, tmp_path) == other


def test_a_plain_name_is_a_file_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "stf_datataking.py").touch()
    assert plain_name("workflow", "stf_datataking", tmp_path, ".py") == tmp_path / "stf_datataking.py"
    with pytest.raises(ConfigurationError, match=r"no workflow named 'stf_datatakin'.*mean stf_datataking\?"):
        plain_name("workflow", "stf_datatakin", tmp_path, ".py")


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "workflows"
    home.mkdir()
    (tmp_path / "outside.py").touch()
    (home / "inside.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(ConfigurationError, match="leads out"):
        plain_name("workflow", "inside", home, ".py")


@given(st.text())
def test_whatever_is_typed_the_file_is_inside(text: str) -> None:
    folder = Path(__file__).parent
    try:
        found = plain_name("test", text, folder, ".py")
    except ConfigurationError as error:
        found = folder / str(error).replace("/", "")
    assert found.parent == folder


def test_the_nearest_names_come_best_first() -> None:
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
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert is_secret(name)
    assert redact({"a": [{name: "x"}]}) == {"a": [{name: "<redacted>"}]}


@pytest.mark.parametrize("name", ["stf_count", "keyboard", "keystone", "passes", "slice_destination"])
def test_other_names_are_no_secrets(name: str) -> None:
    assert not is_secret(name)


def test_everything_below_a_secret_name_is_secret() -> None:
    assert is_secret("secrets", "a")
    assert redact({"secrets": {"a": 1}}) == {"secrets": "<redacted>"}


def test_a_password_inside_a_url_is_redacted() -> None:
    assert redact("see postgresql://me:p@:ss@h/d") == "see postgresql://me:<redacted>@h/d"
    assert redact("http://h:80/x") == "http://h:80/x"

"""Parts of the console without a terminal: settings, memory, pipes, alerts, clipboard, search."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from swf_console.backend.core.errors import BackendUnreachable, ConfigurationError, NamespaceError
from swf_console.backend.core.settings import Settings, load_settings
from swf_console.backend.messaging.message import make
from swf_console.backend.services.health.connection import ConnectionStatus, Connectivity
from swf_console.backend.services.journal import Journal
from swf_console.cli.key_names import known_keys
from swf_console.screens.shell.clipboard import copy_sequence, title_sequence
from swf_console.testing.memory_broker import MemoryBroker
from swf_console.viewmodels.connections import ConnectionPoller
from swf_console.viewmodels.messages.buffer import MessageBuffer
from swf_console.viewmodels.messages.search import find_row
from swf_console.viewmodels.messages.subscription import MessageSubscription
from swf_console.viewmodels.namespaces.setup import namespace_of, problem_of, write_namespace
from swf_console.viewmodels.preferences import Preferences, load_preferences, sample
from swf_console.viewmodels.terminal import symbols_of, theme_of
from swf_console.viewmodels.ui_state import UiState
from swf_console.widgets.symbols import sparkline
from tests.support.homes import plain_environment
from tests.support.waiting import wait_for


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "home/workflows").mkdir(parents=True)
    environment = plain_environment(SWF_STATE_DIR=str(tmp_path / "state"), USER="alice")
    return load_settings(environment, home=tmp_path / "home")


def test_without_a_file_the_settings_are_the_defaults(tmp_path: Path) -> None:
    assert load_preferences(tmp_path / "none.toml") == Preferences()


def test_settings_are_read(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('theme = "light"\nmessages = 1000\n[keys]\n"messages.pause" = "p"\n')
    found = load_preferences(file)
    assert (found.theme, found.messages, found.keys) == ("light", 1000, {"messages.pause": "p"})


KNOWN = known_keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("them = 1", ":1:1: them: there is no such setting. Did you mean theme?"),
        (
            '\ntheme = "drak"',
            ":2:1: theme = 'drak': must be one of auto, dark, light, 16-colour, colour-blind. Did you mean",
        ),
        ("messages = 5", "messages = 5: must be a whole number from 100 to 1,000,000. The default is 50000"),
        ("frames = true", "must be a whole number from 1 to 30. The default is 10"),
        ('mouse = "no"', "must be true or false. The default is true"),
        ('keys = ["a"]', "must be a table of keys. Write [keys], then"),
        ("theme = ", "no valid TOML"),
        (
            '[keys]\n"messages.pauze" = "p"',
            ":2:1: keys.messages.pauze: there is no such action. Did you",
        ),
        ('[keys]\n"messages.pause" = 7', "is no key. Write one or more keys"),
        ('[keys]\n"messages.pause" = "p,,"', "is no key. Write one or more keys"),
        ('[keys]\n"messages.pause" = "/"', "/ is the key of messages.filter. Choose another key"),
        ('[keys]\n"messages.pause" = "f"', "f is the key of messages.follow. Choose another key"),
        (
            '[keys]\n"messages.pause" = "ctrl+p"\n"messages.mark" = "ctrl+p"',
            ":3:1: keys.messages.mark = 'ctrl+p'",
        ),
        ('[keys]\n"agents.start" = "q"', "q would hide everywhere.leave. Choose another key, or give"),
        ('[keys]\n"agents.start" = "!,f2"', "! would hide everywhere.doctor. Choose another key, or"),
        (
            '[keys]\n"list.mark" = "x"',
            "x would hide overview.stop, agents.stop. Choose another key, or give them",
        ),
        (
            '[keys]\n"agents.stop" = " j "',
            "j would be hidden by lines.down. Choose another key, or give lines.down",
        ),
        ('[keys]\n"everywhere.update" = "s"', "s would be hidden by agents.start, messages.search. Choose"),
        ('[keys]\n"execution.kind" = "x"', "x would hide executions.stop. Choose another key"),
        ('[keys]\n"messages.pause" = "spcae"', "spcae is no key that a terminal sends. Write one or more"),
        ('[keys]\n"messages.pause" = "alt+p"', "alt+p is no key that a terminal sends. Write one or more"),
        ('[keys]\n"entry.leave" = "x"', "x is text that is typed there. Choose a key that types nothing"),
    ],
)
def test_settings_that_are_wrong_are_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        load_preferences(file, known_keys)
    (problem,) = refused.value.problems
    assert str(problem).startswith(str(file))
    assert said in str(problem)
    assert "\n" not in str(problem)


def test_two_keys_can_be_exchanged(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[keys]\n"messages.pause" = "f"\n"messages.follow" = "space"\n')
    assert load_preferences(file, known_keys).keys == {"messages.pause": "f", "messages.follow": "space"}


def test_a_key_may_go_where_it_hides_nothing_and_its_own_may_be_named(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    keys = {
        "doctor.again": "u,ctrl+r",
        "everywhere.launch": "L,f5",
        "agents.logs": "v",
        "log.follow": "space",
    }
    file.write_text("[keys]\n" + "".join(f'"{name}" = "{key}"\n' for name, key in keys.items()))
    assert load_preferences(file, known_keys).keys == keys


def test_the_sample_says_the_defaults_and_is_itself_a_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    text = sample(KNOWN)
    file.write_text(text)
    assert load_preferences(file, known_keys) == Preferences()
    set_lines = [line.removeprefix("# ") for line in text.splitlines() if " = " in line or "[keys]" in line]
    file.write_text("\n".join(set_lines))
    found = load_preferences(file, known_keys)
    assert replace(found, keys={}) == Preferences()
    assert {name: tuple(keys.split(",")) for name, keys in found.keys.items()} == {
        name: known.keys for name, known in KNOWN.actions.items()
    }


@pytest.mark.parametrize(
    ("environ", "theme", "symbols"),
    [
        ({"TERM": "xterm-256color", "LANG": "en_GB.UTF-8"}, "dark", "unicode"),
        ({"TERM": "tmux-256color"}, "dark", "unicode"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "dark", "unicode"),
        ({"TERM": "xterm"}, "16-colour", "unicode"),
        ({"TERM": "screen", "LC_ALL": "C", "LANG": "en_GB.UTF-8"}, "16-colour", "ascii"),
        ({"TERM": "linux", "LANG": "en_GB.UTF-8"}, "16-colour", "ascii"),
        ({"TERM": "xterm-16color", "LANG": "de_DE.ISO-8859-1"}, "16-colour", "ascii"),
        ({}, "16-colour", "unicode"),
    ],
)
def test_theme_and_signs_are_those_that_the_terminal_has(
    environ: dict[str, str], theme: str, symbols: str
) -> None:
    assert (theme_of(Preferences(), environ), symbols_of(Preferences(), environ)) == (theme, symbols)
    chosen = Preferences(theme="light", symbols="ascii")
    assert (theme_of(chosen, environ), symbols_of(chosen, environ)) == ("light", "ascii")


def test_memory_is_kept_per_namespace_and_survives_rubbish(tmp_path: Path) -> None:
    memory = UiState(tmp_path)
    memory.keep("a", "screen", "messages")
    memory.keep("b", "screen", "agents")
    memory.save()
    assert UiState(tmp_path).recall("a", "screen") == "messages"
    assert UiState(tmp_path).recall("c", "screen") is None
    (tmp_path / "console-memory.json").write_text('{"a": 1, "b": ')
    assert UiState(tmp_path).recall("a", "screen") is None


def test_a_journal_with_broken_lines_is_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.entries() == []
    journal.path.write_bytes(b'{"at": 1}\n\xff\xfe\nnot json\n')
    assert journal.entries() == []


def test_a_namespace_is_written_once_it_can_be_used(settings: Settings) -> None:
    (settings.workflows_dir / "testbed.toml").write_text('[testbed]\nnamespace = "your-namespace"\n')
    assert namespace_of(settings) is None
    assert problem_of("a b")
    assert not problem_of("alice-dev")
    with pytest.raises(NamespaceError):
        write_namespace(settings, "your-namespace")
    write_namespace(settings, "alice-dev")
    assert namespace_of(settings) == "alice-dev"


def test_a_pipe_that_fails_says_so_and_comes_back() -> None:
    broken = threading.Event()
    broken.set()

    def question() -> ConnectionStatus:
        if broken.is_set():
            raise BackendUnreachable("nobody there", "Start it")
        return ConnectionStatus("x", Connectivity.UP)

    poller = ConnectionPoller("db", question, every=0.01)
    poller.start()
    wait_for(lambda: poller.status().state is Connectivity.DOWN)
    assert (poller.status().error, poller.status().advice) == ("nobody there", "Start it")
    assert poller.status().next_in() is not None
    broken.clear()
    wait_for(lambda: poller.status().state is Connectivity.UP)
    age = poller.status().age()
    assert age is not None
    assert age < 5
    poller.close()


def test_copying_goes_through_tmux_and_screen_and_has_a_limit() -> None:
    assert copy_sequence("hi", {}) == ("\x1b]52;c;aGk=\a", "OSC 52")
    tmux, how = copy_sequence("hi", {"TMUX": "/tmp/x"})
    assert tmux.endswith("\x1bPtmux;\x1b\x1b]52;c;aGk=\a\x1b\\")
    assert how == "OSC 52 through tmux"
    assert copy_sequence("hi", {"STY": "1"})[0] == "\x1bP\x1b]52;c;aGk=\a\x1b\\"
    assert copy_sequence("x" * 100_000, {})[0] == ""


def test_a_title_carries_no_control_characters() -> None:
    assert title_sequence("a\x1b]0;b\a", {"TERM": "xterm"}) == "\x1b]2;a]0;b\a"
    assert title_sequence("a", {"TERM": "linux"}) == ""


def test_bars_are_as_high_as_their_values() -> None:
    assert sparkline([0, 0], 5) == "▁▁"
    assert sparkline([1, 0, 100, 50], 3) == "▁█▄"


def test_a_search_ends_at_the_ends() -> None:
    tail = MessageBuffer(None)
    tail.take([({}, f"body {n}") for n in range(1000)] + [({}, "Needle")] + [({}, "more")] * 600)
    assert find_row(tail, "needle", len(tail), forward=False) == 1000
    assert find_row(tail, "needle", 1000, forward=False) is None
    assert find_row(tail, "NEEDLE", 3, forward=True) == 1000
    assert find_row(tail, "needle", 1000, forward=True) is None


def test_the_pipe_is_up_once_the_broker_has_subscribed_the_tail(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, receipts = MemoryBroker().connect(), list[tuple[int, str]]()
    monkeypatch.setattr(link, "confirm", lambda session, receipt: receipts.append((session, receipt)))
    subscription = MessageSubscription(settings, MessageBuffer(None), lambda _address: link)
    subscription.start()
    wait_for(lambda: receipts)
    assert subscription.status().state is Connectivity.STARTING

    monkeypatch.undo()
    link.confirm(*receipts[0])

    assert subscription.status().state is Connectivity.UP
    subscription.close()


def test_the_tail_follows_a_broker_that_goes_and_comes(settings: Settings) -> None:
    broker = MemoryBroker()
    tail = MessageBuffer(None)
    subscription = MessageSubscription(settings, tail, lambda _address: broker.connect())
    subscription.start()
    wait_for(lambda: subscription.status().state is Connectivity.UP)
    sender = broker.connect()
    sender.start()
    session = sender.wait_up(5)

    def send(session: int) -> None:
        sender.send(session, [make("/topic/epictopic", {"msg_type": "stf_gen"}, namespace="demo")])

    send(session)
    wait_for(lambda: len(tail) == 1)
    broker.stop()
    wait_for(lambda: subscription.status().state is Connectivity.DOWN)
    broker.start()
    wait_for(lambda: subscription.status().state is Connectivity.UP)
    send(sender.wait_up(5))
    wait_for(lambda: len(tail) == 4)
    rows = tail.window(0, 9)
    assert [row.is_note for row in rows] == [False, True, True, False]
    assert "the broker is gone" in rows[1].body
    assert json.loads(rows[3].body)["msg_type"] == "stf_gen"
    subscription.close()

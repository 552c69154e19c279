"""What the console is never served on, and what is said before anything is served."""

import pytest

from tests.support.command_line import CommandLine


def test_serve_other_hosts_need_token_and_tls(console: CommandLine) -> None:
    said = console("serve", "--host", "0.0.0.0")  # noqa: S104 (refused)
    assert said.code == 2
    assert "a token (SWF_API_TOKEN) and --tls-cert and --tls-key" in said.err
    assert "ssh -L" in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--port", "70000"], "is not a port"),
        (["--namespace", "not a name"], "namespace"),
        (["--tls-cert", "here.pem"], "need each other"),
        (["--testbed-config", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_serve_console_errors_reported_immediately(console: CommandLine, words: list[str], says: str) -> None:
    said = console("serve", *words)
    assert said.code == 2
    assert says in said.err
    assert len(said.err.splitlines()) <= 2

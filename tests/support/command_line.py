"""The command line within a test's own process, on a home and a database of the test's own."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from swf_console.__main__ import main
from swf_console.backend.core.settings import Settings, load_settings
from swf_console.backend.database import Database, open_database
from swf_console.backend.services.home import write_home


@dataclass(frozen=True)
class CommandResult:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The JSON objects on stdout, a line each."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        (only,) = self.documents
        return only


class CommandLine:
    """`swf-console` in a home of its own; without a broker, with an SQLite database."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.home = folder / "home"
        self._capsys = capsys
        write_home(self.home)
        monkeypatch.setenv("SWF_CONSOLE_HOME", str(self.home))
        monkeypatch.setenv("SWF_STATE_DIR", str(folder / "state"))
        monkeypatch.setenv("USER", "shifter")

    @property
    def settings(self) -> Settings:
        """As the commands see them."""
        return load_settings()

    def open_database(self) -> Database:
        """The database of the home, made where it is not there."""
        return open_database(self.settings.database_url)

    def __call__(self, *arguments: str) -> CommandResult:
        """Run one command line."""
        self._capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as end:  # argparse's own refusal
            code = int(end.code or 0)
        out, err = self._capsys.readouterr()
        return CommandResult(code, out, err)

    def name_namespace(self, name: str) -> None:
        """Replace the placeholder in testbed.toml."""
        testbed = self.home / "workflows" / "testbed.toml"
        testbed.write_text(testbed.read_text().replace("your-namespace", name))

"""The prefetch process: its answer, and that the console never waits for it."""

import json
import sys
from pathlib import Path

from swf_console.backend.core.settings import load_settings
from swf_console.backend.database import open_database
from tests.support.history import add_execution
from tests.support.homes import CHECKOUT, plain_environment, run

PROGRAM = """
import json, sys, time
from swf_console.viewmodels.prefetch import Prefetch
from swf_console.viewmodels.context import ConsoleContext
from swf_console.backend.core.settings import load_settings
prefetch = Prefetch("swf_console.viewmodels.overview", ("", "", "demo"))
ConsoleContext(load_settings(), "demo", prefetch=prefetch).close_unused_prefetch()
began = time.monotonic()
answer = prefetch.take(float(sys.argv[1]))
took = time.monotonic() - began
again = prefetch.take(5)
print(json.dumps({
    "running": [one.summary.execution_id for one in answer.running] if answer else None,
    "verdict": answer.verdict.text if answer else None,
    "again": again is not None,
    "took": took,
    "heavy": sorted({"sqlalchemy", "textual"} & set(sys.modules)) if not answer else [],
}))
"""


def prefetch(home: Path, patience: float = 30.0, **environ: str) -> dict[str, object]:
    environment = plain_environment(SWF_CONSOLE_HOME=str(home), PYTHONPATH=str(CHECKOUT), **environ)
    ended = run([sys.executable, "-c", PROGRAM, str(patience)], cwd=home, environment=environment)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, object] = json.loads(ended.stdout)
    return found


def make_home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "workflows").mkdir(parents=True)
    return home


def test_prefetch_returns_running_executions_once(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    database = open_database(load_settings(plain_environment(), home=home).database_url)
    running = add_execution(database, status="running")
    database.close()
    found = prefetch(home)
    assert found["running"] == [running]
    assert "running" in str(found["verdict"])
    assert found["again"] is False


def test_prefetch_broken_database_is_in_verdict(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    (home / "not.db").write_text("this is no database" * 100)
    found = prefetch(home, SWF_DATABASE_URL=f"sqlite:///{home / 'not.db'}")
    assert "database is not usable" in str(found["verdict"])


def test_prefetch_without_wait_returns_none(tmp_path: Path) -> None:
    found = prefetch(make_home(tmp_path), patience=0.0)
    assert found["running"] is None
    assert found["heavy"] == []


def test_prefetch_other_first_screen_is_closed(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    state = load_settings(plain_environment(), home=home).state_dir
    state.mkdir(parents=True, exist_ok=True)
    (state / "console-memory.json").write_text('{"demo": {"screen": "messages"}}')
    found = prefetch(home)
    assert found["running"] is None
    assert float(str(found["took"])) < 1.0

"""Homes with unusual paths or several users; runs leave no resources behind."""

import getpass
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.database.connection.migrate import upgrade

from ..support.activemq import ActiveMQAddress
from ..support.processes.account import NOBODY, as_nobody
from ..support.processes.foreground import ForegroundProcess
from ..support.processes.site import PYTHON, SWF_CONSOLE, Site, report_of
from ..support.services import private_directory
from ..support.waiting import wait_for
from .conftest import watched

BROKER_FILES = {"broker.journal", "broker.json", "broker.lock", "broker.reserve", "broker.start.lock"}
KEPT = BROKER_FILES | {"swf.db", "swf.db.lock"}
MEGABYTE = 1024  # ru_maxrss is in kilobytes
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def test_run_without_user_variable_uses_account_name(site: Site) -> None:
    report = site.workflow("--stf-count", "1", environment={"USER": None, "LOGNAME": None, "HOME": None})
    user = getpass.getuser() if not os.environ.get("USER") else ""
    (execution,) = site.executions()
    assert execution["execution_id"] == report["execution_id"]
    assert execution["executed_by"] == (user or system_user())
    assert execution["execution_id"].startswith(f"stf_datataking-{execution['executed_by']}-")


def system_user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    "name",
    ["a home für Übungen, 100%20 odd?query#fragment", "/".join(["a long name " * 8] * 4)],
    ids=["odd", "long"],
)
def test_run_home_with_any_name_works(template: Path, tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    with watched(Site(shutil.copytree(template, home))) as site:
        report = site.workflow("--stf-count", "2")
        assert site.database_file.is_file()
        listed = site.run("executions")
        assert report["execution_id"] in listed.stdout
        runner = site.start("runner")
        runner.wait_for("serves namespace")
        sent = site.run("control", "run", "--workflow", "stf_datataking", "--stf-count", "1", "--no-realtime")
        assert sent.returncode == 0, sent
        runner.kill()


def test_run_in_subfolder_finds_home(embedded_site: Site, tmp_path: Path) -> None:
    below = embedded_site.home / "notes" / "of" / "today"
    below.mkdir(parents=True)
    run = ["--run", "stf_datataking", "--stf-count", "1"]
    done = embedded_site.run("-C", below, SWF_CONSOLE, *run, program=["env"])
    assert done.returncode == 0, done
    elsewhere = embedded_site.run("-C", tmp_path, SWF_CONSOLE, "executions", program=["env"])
    assert elsewhere.returncode == 2
    assert "swf-console init" in elsewhere.stderr
    given = embedded_site.run(
        "-C", tmp_path, SWF_CONSOLE, "--home", embedded_site.home, "executions", program=["env"]
    )
    assert given.returncode == 0
    assert "completed" in given.stdout


@pytest.fixture
def shared_home(template: Path) -> Iterator[Path]:
    """A home that everybody may enter and only its owner, who is us, may write."""
    if os.getuid():
        pytest.skip("only root may become another user")
    with private_directory("home") as folder:
        folder.chmod(0o755)
        yield shutil.copytree(template, folder / "home")


def both(site: Site, folder: Path, *arguments: str) -> tuple[ForegroundProcess, ForegroundProcess]:
    """The same run by its owner and by nobody, at once."""
    theirs = folder / "nobody"
    theirs.mkdir()
    shutil.chown(theirs, NOBODY)
    own = site.start_run(*arguments, environment={"USER": None})
    other = site.start_run(*arguments, program=as_nobody(), environment={"USER": None, "HOME": str(theirs)})
    return own, other


def test_home_of_two_users_has_separate_state(shared_home: Path) -> None:
    with watched(Site(shared_home)) as site:
        own, other = both(site, shared_home.parent, "--stf-count", "3")
        first, second = report_of(own.wait()), report_of(other.wait())
    assert (first["status"], second["status"]) == ("completed", "completed")
    assert first["execution_id"] == f"stf_datataking-{system_user()}-0001"
    assert second["execution_id"] == f"stf_datataking-{NOBODY}-0001"
    (state,) = (shared_home.parent / "nobody" / ".local" / "state" / "swf-console").iterdir()
    for folder in (state, shared_home / ".state"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "swf.db").stat().st_mode) == 0o600
    assert {path.owner() for path in [state, *state.rglob("*")]} == {NOBODY}


@pytest.mark.activemq
@pytest.mark.postgresql
def test_home_of_two_users_shares_broker_and_database(
    shared_home: Path, activemq: ActiveMQAddress, postgresql_url: str
) -> None:
    upgrade(postgresql_url)
    made = Site(shared_home, activemq=activemq, postgresql_url=postgresql_url)
    with watched(made) as site, site.listen() as subscriber:
        own, other = both(site, shared_home.parent, "--stf-count", "3")
        reports = [report_of(process.wait()) for process in (own, other)]
        subscriber.wait(12)
        users = {one["execution_id"]: one["executed_by"] for one in site.executions()}
    assert users == {reports[0]["execution_id"]: system_user(), reports[1]["execution_id"]: NOBODY}
    assert len({report["run_id"] for report in reports}) == 2
    assert len({identifier.rpartition("-")[2] for identifier in users}) == 2


def test_runs_repeated_leave_no_process_socket_or_growing_file(embedded_site: Site) -> None:
    embedded_site.workflow("--stf-count", "50")
    before = sizes(embedded_site)
    for _ in range(2):
        embedded_site.workflow("--stf-count", "50")
    after = sizes(embedded_site)
    assert set(after) == set(before) == KEPT
    assert after["broker.journal"] <= before["broker.journal"]
    address = embedded_site.address()
    with socket.socket() as probe:
        assert probe.connect_ex((address.host, address.port)) != 0
    assert embedded_site.left_behind() == {}


def sizes(site: Site) -> dict[str, int]:
    wait_for(lambda: not site.left_behind())
    return {path.name: path.stat().st_size for path in site.state.iterdir() if path.is_file()}


def test_runner_ended_executions_leave_no_thread_or_file(embedded_site: Site) -> None:
    runner = embedded_site.start("runner")
    runner.wait_for("serves namespace")
    execute(embedded_site, 2)
    before = held(runner)
    execute(embedded_site, 5)
    wait_for(lambda: all(now <= then for now, then in zip(held(runner), before, strict=True)))
    runner.kill()


def execute(site: Site, count: int) -> None:
    """Have the runner run so many executions to their end."""
    expected = len(site.executions()) + count
    for _ in range(count):
        sent = site.run("control", "run", "--workflow", "stf_datataking", "--stf-count", "2", "--no-realtime")
        assert sent.returncode == 0, sent
    wait_for(lambda: [one["status"] for one in site.executions()] == ["completed"] * expected, every=0.1)


def held(process: ForegroundProcess) -> tuple[int, int]:
    """How many threads and open files it has; of the database's it keeps a pool that may still grow."""
    folder = Path(f"/proc/{process.pid}")
    return len(list((folder / "task").iterdir())), sum(map(is_of_no_database, (folder / "fd").iterdir()))


def is_of_no_database(descriptor: Path) -> bool:
    """Whether an open file is none of SQLite's; one that was closed since is none of anything."""
    try:
        return "swf.db" not in str(descriptor.readlink())
    except OSError:
        return False


def test_run_long_one_needs_no_more_memory(embedded_site: Site) -> None:
    embedded_site.broker.start()
    program = [PYTHON, "-c", MEASURED, SWF_CONSOLE]
    used = []
    for count in ("1000", "12000"):
        done = embedded_site.run("--run", "stf_datataking", "--stf-count", count, program=program)
        assert done.returncode == 0, done
        used.append(int(done.stdout.splitlines()[-1]))
    assert used[1] - used[0] < 30 * MEGABYTE

"""The doctor: each check, and the exit code of the worst."""

import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from swf_console.backend.broker.disk import Disk
from swf_console.backend.broker.journal_file import JOURNAL_FILE, open_file
from swf_console.backend.broker.limits import Limits
from swf_console.backend.core.format import size
from swf_console.backend.database import Database, agents
from swf_console.backend.services.health.doctor.backends import check_supervisord
from swf_console.backend.services.health.doctor.checks import Check, CheckResult
from swf_console.backend.services.health.doctor.home import check_disk
from swf_console.backend.services.health.doctor.run import exit_code, run_checks
from swf_console.backend.supervisor.base import DaemonState
from swf_console.testing.fake_supervisor import MemorySupervisor
from tests.support.command_line import CommandLine


def checks(console: CommandLine) -> dict[str, Check]:
    return {check.name: check for check in run_checks(lambda: console.settings)}


def test_doctor_named_home_ok_before_first_run(console: CommandLine) -> None:
    console.name_namespace("mine")
    said = console("doctor")
    assert said.code == 0
    assert "FAIL" not in said.out
    assert "0 fail" in said.err


def test_doctor_json_one_object_per_check(console: CommandLine) -> None:
    said = console("doctor", "--json")
    found = {each["name"]: each["verdict"] for each in said.documents}
    assert said.code == 2
    assert found["namespace"] == "fail"
    assert {"python", "packages", "git", "home", "disk", "broker", "database", "clock", "ports"} <= set(found)


def test_doctor_database_write_rolled_back(console: CommandLine, home_database: Database) -> None:
    assert checks(console)["database writable"].verdict is CheckResult.OK
    with home_database.read() as connection:
        assert agents.page(connection).items == ()


def test_doctor_broken_workflow_and_configuration_found(console: CommandLine) -> None:
    workflows = console.home / "workflows"
    (workflows / "broken.py").write_text("class WorkflowExecutor:\n  def\n")
    (workflows / "broken.toml").write_text("[workflow\n")
    found = checks(console)
    assert "broken.py:2" in found["workflows"].found
    assert "broken.toml:1" in found["configurations"].found


def test_doctor_port_in_use_found(console: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("SWF_BROKER_PORT", str(other.getsockname()[1]))
        assert checks(console)["ports"].verdict is CheckResult.FAIL


def test_doctor_backend_down_exit_3_other_checks_run(
    console: CommandLine, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setenv("ACTIVEMQ_HOST", "127.0.0.1")
    monkeypatch.setenv("ACTIVEMQ_PORT", str(unused_port))
    found = checks(console)
    assert found["broker"].exit_code == 3
    assert found["clock"].verdict is CheckResult.OK
    assert exit_code(list(found.values())) == 3


def test_doctor_readable_files_reported(console: CommandLine, home_database: Database) -> None:
    file = console.settings.state_dir / "swf.db"
    file.chmod(0o644)
    check = checks(console)["state directory"]
    assert (check.verdict, check.advice) == (CheckResult.WARN, f"chmod 600 {file}")


def test_doctor_supervisord_failed_program_reported(
    console: CommandLine,
) -> None:
    assert checks(console)["supervisord"].found.startswith("not running")
    supervisor = MemorySupervisor(running=True)
    supervisor.start(["example-data-agent"])
    check = check_supervisord(console.settings, supervisor)
    assert (check.verdict, "1 of" in check.found) == (CheckResult.OK, True)
    supervisor.crash("example-data-agent")
    check = check_supervisord(console.settings, supervisor)
    assert (check.verdict, check.advice) == (
        CheckResult.WARN,
        "See its log: swf-console agents logs example-data-agent",
    )
    supervisor.state = DaemonState.FROZEN
    assert check_supervisord(console.settings, supervisor).exit_code == 3


def test_doctor_no_home_machine_checks_remain(console: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWF_CONSOLE_HOME", "/nowhere")
    said = console("doctor", "--json")
    assert said.code == 2
    assert [each["name"] for each in said.documents] == ["python", "packages", "git", "settings"]


def test_doctor_missing_package_reported_before_imports() -> None:
    code = """if True:
        import sys
        from swf_console.backend.services.health.doctor.run import run_checks
        checks = run_checks(sys.exit)
        names = [next(checks).name for _ in range(3)]
        print(*names, *(name for name in ("sqlalchemy", "simpy", "stomp") if name in sys.modules))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["python", "packages", "git"]


def test_doctor_unreadable_certificate_reported(
    console: CommandLine, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    authority = console.home / "ca.pem"
    authority.write_text("no certificate")
    monkeypatch.setenv("ACTIVEMQ_PORT", str(unused_port))
    monkeypatch.setenv("ACTIVEMQ_USE_SSL", "true")
    monkeypatch.setenv("ACTIVEMQ_SSL_CA_CERTS", str(authority))
    assert checks(console)["TLS"].verdict is CheckResult.FAIL


def test_size_has_a_unit() -> None:
    assert [size(n) for n in (5, 12_300, 4e9, 5e15)] == ["5 bytes", "12.3 kB", "4 GB", "5e+03 TB"]


def test_doctor_garbage_in_broker_journal_found(console: CommandLine) -> None:
    journal = console.settings.state_dir / JOURNAL_FILE
    assert checks(console)["broker journal"].verdict is CheckResult.OK
    journal.write_bytes(b"no journal at all " * 500)
    check = checks(console)["broker journal"]
    assert (check.verdict, check.exit_code) == (CheckResult.FAIL, 2)
    assert "not a database" in check.found
    assert "move the file away" in check.advice


def test_doctor_damaged_page_of_broker_journal_found(console: CommandLine) -> None:
    journal = console.settings.state_dir / JOURNAL_FILE
    connection, _ = open_file(journal, Limits(), "normal", Disk(journal.parent, 0))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert checks(console)["broker journal"].verdict is CheckResult.OK
    content = bytearray(journal.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    journal.write_bytes(content)
    assert checks(console)["broker journal"].verdict is CheckResult.FAIL


def test_doctor_dropped_table_found_and_restored(console: CommandLine, home_database: Database) -> None:
    with home_database.write() as connection:
        connection.exec_driver_sql("DROP TABLE swf_applog")
    check = checks(console)["database"]
    assert (check.verdict, check.exit_code) == (CheckResult.FAIL, 2)
    assert "lacks table swf_applog" in check.found
    assert check.advice == "Restore it: swf-console db upgrade"
    assert console("db", "upgrade").code == 0
    assert checks(console)["database"].verdict is CheckResult.OK


def test_doctor_dropped_index_only_warns(console: CommandLine, home_database: Database) -> None:
    with home_database.write() as connection:
        connection.exec_driver_sql("DROP INDEX swf_messages_newest")
    check = checks(console)["database"]
    assert (check.verdict, check.exit_code) == (CheckResult.WARN, 0)


def test_doctor_no_inodes_found(console: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = {"f_frsize": 4096, "f_blocks": 10**7, "f_bfree": 10**7, "f_bavail": 10**7}
    full = SimpleNamespace(f_files=1000, f_favail=0, **blocks)
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    check = check_disk(console.settings)
    assert check.verdict is CheckResult.FAIL
    assert check.found.startswith("0 inodes free")
    unlimited = SimpleNamespace(f_files=0, f_favail=0, **blocks)
    monkeypatch.setattr(os, "statvfs", lambda _path: unlimited)
    assert check_disk(console.settings).verdict is CheckResult.OK

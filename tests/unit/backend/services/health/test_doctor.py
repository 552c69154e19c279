"""The doctor: each check, and the exit code of the worst."""

import socket
import subprocess
import sys

import pytest

from swf_console.backend.core.format import size
from swf_console.backend.database import Database, agents
from swf_console.backend.services.health.doctor.backends import check_supervisord
from swf_console.backend.services.health.doctor.checks import Check, CheckResult
from swf_console.backend.services.health.doctor.run import exit_code, run_checks
from swf_console.backend.supervisor.base import DaemonState
from swf_console.testing.fake_supervisor import MemorySupervisor
from tests.support.command_line import CommandLine


def checks(console: CommandLine) -> dict[str, Check]:
    return {check.name: check for check in run_checks(lambda: console.settings)}


def test_a_named_home_is_healthy_before_its_first_run(console: CommandLine) -> None:
    console.name_namespace("mine")
    said = console("doctor")
    assert said.code == 0
    assert "FAIL" not in said.out
    assert "0 fail" in said.err


def test_every_check_is_an_object_for_programs(console: CommandLine) -> None:
    said = console("doctor", "--json")
    found = {each["name"]: each["verdict"] for each in said.documents}
    assert said.code == 2
    assert found["namespace"] == "fail"
    assert {"python", "packages", "git", "home", "disk", "broker", "database", "clock", "ports"} <= set(found)


def test_a_database_is_written_to_and_nothing_stays(console: CommandLine, kept: Database) -> None:
    assert checks(console)["database writable"].verdict is CheckResult.OK
    with kept.read() as connection:
        assert agents.page(connection).items == ()


def test_a_broken_workflow_and_a_broken_configuration_are_found(console: CommandLine) -> None:
    workflows = console.home / "workflows"
    (workflows / "broken.py").write_text("class WorkflowExecutor:\n  def\n")
    (workflows / "broken.toml").write_text("[workflow\n")
    found = checks(console)
    assert "broken.py:2" in found["workflows"].found
    assert "broken.toml:1" in found["configurations"].found


def test_a_port_that_another_program_has_is_found(
    console: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("SWF_BROKER_PORT", str(other.getsockname()[1]))
        assert checks(console)["ports"].verdict is CheckResult.FAIL


def test_a_backend_that_is_down_is_exit_3_and_the_rest_is_still_checked(
    console: CommandLine, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setenv("ACTIVEMQ_HOST", "127.0.0.1")
    monkeypatch.setenv("ACTIVEMQ_PORT", str(unused_port))
    found = checks(console)
    assert found["broker"].exit_code == 3
    assert found["clock"].verdict is CheckResult.OK
    assert exit_code(list(found.values())) == 3


def test_files_that_others_may_read_are_told(console: CommandLine, kept: Database) -> None:
    file = console.settings.state_dir / "swf.db"
    file.chmod(0o644)
    check = checks(console)["state directory"]
    assert (check.verdict, check.advice) == (CheckResult.WARN, f"chmod 600 {file}")


def test_supervisord_is_asked_and_a_program_that_cannot_be_started_is_told(
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


def test_without_a_home_the_checks_that_need_none_remain(
    console: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWF_CONSOLE_HOME", "/nowhere")
    said = console("doctor", "--json")
    assert said.code == 2
    assert [each["name"] for each in said.documents] == ["python", "packages", "git", "settings"]


def test_what_is_not_installed_is_told_before_a_library_is_loaded() -> None:
    code = """if True:
        import sys
        from swf_console.backend.services.health.doctor.run import run_checks
        checks = run_checks(sys.exit)
        names = [next(checks).name for _ in range(3)]
        print(*names, *(name for name in ("sqlalchemy", "simpy", "stomp") if name in sys.modules))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["python", "packages", "git"]


def test_a_certificate_that_cannot_be_read_is_told(
    console: CommandLine, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    authority = console.home / "ca.pem"
    authority.write_text("no certificate")
    monkeypatch.setenv("ACTIVEMQ_PORT", str(unused_port))
    monkeypatch.setenv("ACTIVEMQ_USE_SSL", "true")
    monkeypatch.setenv("ACTIVEMQ_SSL_CA_CERTS", str(authority))
    assert checks(console)["TLS"].verdict is CheckResult.FAIL


def test_sizes_are_read_at_a_glance() -> None:
    assert [size(n) for n in (5, 12_300, 4e9, 5e15)] == ["5 bytes", "12.3 kB", "4 GB", "5e+03 TB"]

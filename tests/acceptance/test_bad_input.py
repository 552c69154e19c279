"""Bad input is one clear line and exit code 2; nothing is written, nothing is sent."""

import json
import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import pytest

from ..support.processes.foreground import ProcessResult
from ..support.processes.site import Site

USAGE = 2
OWN = """\
[workflow]
name = "stf_datataking"
version = "1.0"
includes = ["daq_state_machine.toml"]

[stf_processing]
"""


class Bad(NamedTuple):
    """Arguments after `--run stf_datataking`, files of workflows/ to write first, what the line says."""

    arguments: list[str]
    says: list[str]
    files: dict[str, str] = {}  # noqa: RUF012 (never changed)


def named(namespace: str) -> dict[str, str]:
    return {"testbed.toml": f"[testbed]\n{namespace}\n"}


def configuration(*lines: str, head: str = OWN) -> dict[str, str]:
    return {"mine.toml": head + "".join(f"{line}\n" for line in lines)}


MINE = ["--workflow-config", "mine"]
BAD = {
    "no namespace": Bad([], ["namespace", "testbed.toml", "--namespace"], named("")),
    "an empty namespace": Bad([], ["namespace", "empty", "testbed.toml"], named('namespace = ""')),
    "a blank namespace": Bad([], ["namespace", "empty"], named('namespace = "  "')),
    "the placeholder": Bad([], ["your-namespace", "testbed.toml"], named('namespace = "your-namespace"')),
    "a namespace that is a number": Bad([], ["testbed.toml", "namespace"], named("namespace = 7")),
    "an empty namespace given": Bad(["--namespace", ""], ["namespace", "empty"]),
    "a namespace with a slash": Bad(["--namespace", "a/b"], ["a/b", "letters, digits"]),
    "a namespace too long": Bad(["--namespace", "x" * 101], ["1-100"]),
    "an unknown workflow": Bad(["--run", "stf_datatakin"], ["stf_datatakin", "stf_datataking?"]),
    "a path as workflow": Bad(["--run", "../../etc/passwd"], ["../../etc/passwd", "is not valid"]),
    "an absolute path as workflow": Bad(["--run", "/etc/passwd"], ["/etc/passwd", "is not valid"]),
    "an unknown configuration": Bad(
        ["--workflow-config", "fast_procesing_default"], ["fast_procesing_default", "fast_processing_default"]
    ),
    "a path as configuration": Bad(
        ["--workflow-config", "../../etc/passwd"], ["../../etc/passwd", "is not a valid configuration name"]
    ),
    "a base that names no workflow": Bad(["--workflow-config", "daq_state_machine"], ["daq_state_machine"]),
    "broken TOML": Bad(MINE, ["mine.toml:7:"], configuration("stf_count = = 3")),
    "a broken testbed.toml": Bad([], ["testbed.toml:2:"], {"testbed.toml": "[testbed]\nnamespace = \n"}),
    "a testbed.toml that is not there": Bad(["--testbed-config", "nowhere.toml"], ["nowhere.toml"]),
    "an include cycle": Bad(
        MINE,
        ["mine.toml:4", "mine.toml", "other.toml", "includes itself"],
        {
            "mine.toml": OWN.replace("daq_state_machine.toml", "other.toml"),
            "other.toml": '[workflow]\nincludes = ["mine.toml"]\n',
        },
    ),
    "an include that is not there": Bad(
        MINE, ["mine.toml:4", "daq_state_machin.toml"], {"mine.toml": OWN.replace("_machine", "_machin")}
    ),
    "an include that leads out": Bad(
        MINE,
        ["mine.toml:4", "../../etc/passwd"],
        {"mine.toml": OWN.replace("daq_state_machine.toml", "../../etc/passwd")},
    ),
    "an absolute include": Bad(
        MINE,
        ["mine.toml:4", "/etc/passwd"],
        {"mine.toml": OWN.replace("daq_state_machine.toml", "/etc/passwd")},
    ),
    "an unknown parameter in a file": Bad(
        MINE, ["mine.toml:7", "stf_cuont", "stf_count"], configuration("stf_cuont = 3")
    ),
    "an unknown parameter given": Bad(
        ["--set", "stf_processing.stf_cuont=3"], ["--set", "stf_cuont", "stf_count"]
    ),
    "an unknown section given": Bad(["--set", "stf_procesing.stf_count=3"], ["--set", "stf_procesing"]),
    "a value of the wrong type in a file": Bad(
        MINE, ["mine.toml:7", "stf_count", "ten"], configuration('stf_count = "ten"')
    ),
    "a value out of range in a file": Bad(
        MINE, ["mine.toml:7", "stf_interval", "-1"], configuration("stf_interval = -1")
    ),
    "a value out of range in testbed.toml": Bad(
        ["--namespace", "demo"],
        ["testbed.toml:2", "stf_count", "-4"],
        {"testbed.toml": "[parameters]\nstf_count = -4\n"},
    ),
    "a negative count": Bad(["--stf-count", "-1"], ["--stf-count", "-1", "1 to 2,147,483,647"]),
    "no count at all": Bad(["--stf-count", "abc"], ["--stf-count", "abc", "whole number"]),
    "half a count": Bad(["--stf-count", "1.5"], ["--stf-count", "1.5", "whole number"]),
    "a count beyond every column": Bad(["--stf-count", "1e10"], ["--stf-count", "2,147,483,647"]),
    "an interval of nothing": Bad(["--stf-interval", "0"], ["--stf-interval", "0.001"]),
    "an infinite interval": Bad(["--stf-interval", "inf"], ["--stf-interval", "finite"]),
    "a negative period count": Bad(["--physics-period-count", "-1"], ["--physics-period-count", "-1"]),
    "a negative duration": Bad(["--duration", "-5"], ["--duration", "-5"]),
    "a duration that is no number": Bad(["--duration", "soon"], ["--duration", "soon"]),
    "a negative timeout": Bad(["--timeout", "-1"], ["--timeout", "-1"]),
    "an override without a value": Bad(["--set", "stf_count"], ["--set", "stf_count", "section.key=value"]),
    "a workflow without WorkflowExecutor": Bad(
        ["--run", "mine"], ["mine.py:1", "WorkflowExecutor"], {"mine.py": "def execute(env): ...\n"}
    ),
    "a workflow without execute": Bad(
        ["--run", "mine"], ["mine.py:2", "execute"], {"mine.py": "\nclass WorkflowExecutor: ...\n"}
    ),
    "a workflow with a syntax error": Bad(
        ["--run", "mine"], ["mine.py:2", "SyntaxError"], {"mine.py": "class WorkflowExecutor:\n    def\n"}
    ),
    "a workflow that raises at import": Bad(
        ["--run", "mine"],
        ["mine.py:3", "no such detector"],
        {"mine.py": '\n\nraise KeyError("no such detector")\n'},
    ),
}
VARIABLES = {
    "a port that is no number": ({"ACTIVEMQ_PORT": "abc"}, ["ACTIVEMQ_PORT=abc"]),
    "a host with its port": ({"ACTIVEMQ_HOST": "broker:61612"}, ["ACTIVEMQ_HOST=broker:61612"]),
    "a certificate that is not there": (
        {"ACTIVEMQ_USE_SSL": "true", "ACTIVEMQ_SSL_CA_CERTS": "/nowhere.pem"},
        ["ACTIVEMQ_SSL_CA_CERTS=/nowhere.pem", "ACTIVEMQ_USE_SSL is set"],
    ),
    "a database of no kind we know": ({"SWF_DATABASE_URL": "mysql://a:secret@b/c"}, ["SWF_DATABASE_URL"]),
    "a database address that is none": ({"SWF_DATABASE_URL": "what"}, ["SWF_DATABASE_URL"]),
    "a home that is none": ({"SWF_CONSOLE_HOME": "/nowhere"}, ["/nowhere", "swf-console init"]),
    "a limit that is no number": ({"SWF_OUTAGE_LIMIT": "soon"}, ["SWF_OUTAGE_LIMIT=soon"]),
}


def write(site: Site, files: dict[str, str]) -> None:
    for name, text in files.items():
        (site.home / "workflows" / name).write_text(text)


def attempt(site: Site, bad: Bad) -> ProcessResult:
    write(site, bad.files)
    return site.run("--run", "stf_datataking", *bad.arguments)


def check_one_clear_line(done: ProcessResult, says: list[str], exit_code: int = USAGE) -> None:
    assert done.returncode == exit_code, done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("swf-console: ")
    for words in says:
        assert words in line
    assert "Traceback" not in line


def check_untouched(site: Site) -> None:
    """No database, no broker, no journal was made; an empty log is none of them."""
    made = {path.name for path in site.state.rglob("*") if path.is_file()}
    assert made <= {"runs.log"}
    assert site.left_behind() == {}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_run_bad_input_is_one_line_and_writes_nothing(embedded_site: Site, bad: Bad) -> None:
    check_one_clear_line(attempt(embedded_site, bad), bad.says)
    check_untouched(embedded_site)


@pytest.mark.parametrize(("variables", "says"), VARIABLES.values(), ids=VARIABLES)
def test_run_bad_environment_variable_is_one_line(
    embedded_site: Site, variables: dict[str, str], says: list[str]
) -> None:
    done = embedded_site.run("--run", "stf_datataking", environment=variables)
    check_one_clear_line(done, says)
    assert "secret" not in done.stderr
    check_untouched(embedded_site)


def tables(site: Site) -> list[str]:
    names = ("workflow_executions", "workflow_definitions", "workflow_messages", "systemagent", "namespace")
    return [f"swf_{name}" for name in (*names, "persistent_state", "run_state", "system_state_events")]


def counts(site: Site) -> dict[str, int]:
    return {name: site.rows(f"SELECT count(*) AS count FROM {name}")[0]["count"] for name in tables(site)}


def test_run_bad_input_leaves_database_and_broker_unchanged(site: Site) -> None:
    before = site.workflow("--stf-count", "1")
    rows, state = counts(site), site.rows("SELECT * FROM swf_persistent_state")
    with site.listen() as subscriber:
        for name in ("a negative count", "an unknown workflow", "an empty namespace given", "broken TOML"):
            check_one_clear_line(attempt(site, BAD[name]), BAD[name].says)
        assert counts(site) == rows
        assert site.rows("SELECT * FROM swf_persistent_state") == state
        after = site.workflow("--stf-count", "1")
        subscriber.wait(4)
    assert subscriber.arrivals == 4
    numbers = [int(report["execution_id"].rpartition("-")[2]) for report in (before, after)]
    assert numbers[1] == numbers[0] + 1


def test_run_several_problems_of_file_are_reported_together(embedded_site: Site) -> None:
    write(embedded_site, configuration("stf_cuont = 3", "stf_interval = -1", 'physics_period_count = "two"'))
    done = embedded_site.run("--run", "stf_datataking", *MINE)
    assert done.returncode == USAGE
    assert [f"mine.toml:{7 + n}" in line for n, line in enumerate(done.stderr.splitlines())] == [True] * 3
    check_untouched(embedded_site)


def test_run_json_error_is_one_object(embedded_site: Site) -> None:
    done = embedded_site.run("--run", "stf_datataking", "--json", "--stf-count", "-1")
    told = json.loads(done.stdout)
    assert (told["schema_version"], told["exit_code"]) == (1, USAGE)
    assert "--stf-count" in told["problems"][0]


def test_run_very_large_count_warns_first(embedded_site: Site) -> None:
    done = embedded_site.run("--run", "stf_datataking", "--stf-count", "1e9", "--duration", "12")
    assert done.returncode == 0
    assert done.stderr == "swf-console: warning: stf_count is very large: 1,000,000,000 STFs\n"


def test_run_link_out_of_folder_is_refused(embedded_site: Site, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    workflows = embedded_site.home / "workflows"
    for name in ("stf_datataking.py", "stf_datataking_default.toml"):
        shutil.copy(workflows / name, outside / name)
    (workflows / "linked.py").symlink_to(outside / "stf_datataking.py")
    (workflows / "linked.toml").symlink_to(outside / "stf_datataking_default.toml")
    for arguments in (["--run", "linked"], ["--run", "stf_datataking", "--workflow-config", "linked"]):
        check_one_clear_line(embedded_site.run(*arguments), ["linked"])
    check_untouched(embedded_site)


BROKEN = """\
class WorkflowExecutor:
    def __init__(self, config, runner, execution_id):
        raise LookupError("no such detector: ecal")

    def execute(self, env):
        yield env.timeout(1)
"""


def test_run_workflow_constructor_error_fails_execution(site: Site) -> None:
    write(site, {"mine.py": BROKEN, "mine_default.toml": OWN.replace("stf_datataking", "mine")})
    with site.listen() as subscriber:
        done = site.run("--run", "mine")
        site.workflow("--stf-count", "1")
        subscriber.wait(4)
    assert done.returncode == 1
    assert "no such detector: ecal" in done.stdout
    (failed, _) = site.executions()
    assert (failed["workflow_name"], failed["status"]) == ("mine", "failed")
    assert "no such detector: ecal" in failed["error_message"]
    assert "mine.py" in failed["stack_trace"]
    assert "line 3, in __init__" in failed["stack_trace"]
    assert failed["end_time"] is not None
    assert subscriber.arrivals == 4  # no end_run for a run that was not announced


def taken_port() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def test_broker_port_in_use_is_named(embedded_site: Site) -> None:
    with taken_port() as other:
        port = str(other.getsockname()[1])
        done = embedded_site.run("broker", "--port", port)
        check_one_clear_line(done, [port, "--port"])
        run = embedded_site.run("--run", "stf_datataking", environment={"SWF_BROKER_PORT": port})
        check_one_clear_line(run, [port, "SWF_BROKER_PORT"])
    if embedded_site.database_file.exists():
        assert set(counts(embedded_site).values()) <= {0, 1}
        assert embedded_site.executions() == []


def test_broker_second_of_home_is_refused(embedded_site: Site) -> None:
    embedded_site.broker.start()
    check_one_clear_line(embedded_site.run("broker"), ["already running"], exit_code=5)


COMMANDS: dict[str, tuple[list[str], str]] = {
    "runner": (["runner", "--namespace", "your-namespace"], "your-namespace"),
    "control run": (["control", "run", "--workflow", "stf_datataking", "--namespace", ""], "namespace"),
    "control stop": (["control", "stop", "--namespace", "a b"], "a b"),
    "executions show": (["executions", "show", "stf_datataking-nobody-0001"], "stf_datataking-nobody-0001"),
    "executions stop": (["executions", "stop", "stf_datataking-nobody-0001"], "stf_datataking-nobody-0001"),
    "executions list": (["executions", "--status", "done"], "done"),
    "config show": (["config", "show", "../../etc/passwd"], "is not a valid configuration name"),
    "plan": (["plan", "fast_processing_default", "--stf-count", "-1"], "-1"),
}


@pytest.mark.parametrize(("arguments", "says"), COMMANDS.values(), ids=COMMANDS)
def test_commands_bad_input_is_one_line(embedded_site: Site, arguments: list[str], says: str) -> None:
    check_one_clear_line(embedded_site.run(*arguments), [says])

"""The chain as processes: slices a second, their way in real time, many workers in one process, idle cost."""

import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

from tests.support.waiting import wait_for

from .harness import Row, cpu_seconds, percentile, rss, shown
from .stage import Home, Stage

TITLE = "The chain of processes: DAQ, data, fastmon, fast processing, workers"
CREATED, LIFE = 1_000, 400
WAY_MEDIAN, WAY_LATE = 0.5, 2.0
IDLE_CPU, IDLE_BYTES = 0.01, 80_000_000
KEEP_UP = 1.0
CHAIN = ("example_data_agent", "example_fastmon_agent", "fast_processing_agent")
WORKER = "slice_worker"
NAMESPACE = "bench"
CONFIGURATION = """\
[workflow]
name = "stf_datataking"
version = "1.0"
description = "for the benchmark of the chain"
includes = ["daq_state_machine.toml"]

[daq_state_machine]
no_beam_not_ready_delay = 0
broadcast_delay = 0
beam_not_ready_delay = 1
beam_ready_delay = 1
beam_not_ready_end_delay = 0

[fast_processing]
stf_count = {stfs}
stf_interval = {interval}
stf_sampling_rate = 1.0
slices_per_sample = 15
target_worker_count = {workers}
slice_processing_time = {seconds}
worker_rampup_time = 0
worker_rampdown_time = 0
"""
CREATION = """
SELECT count(*) AS slices, min(g.sent_at) AS first, max(s.delivered_at) AS last FROM swf_workflow_messages s,
 (SELECT min(sent_at) AS sent_at FROM swf_workflow_messages WHERE message_type = 'stf_gen') g
 WHERE s.message_type = 'slice' AND s.delivered_at IS NOT NULL"""
COMPLETION = """
SELECT count(*) AS slices, min(g.sent_at) AS first, max(s.updated_at) AS last FROM swf_tf_slices s,
 (SELECT min(sent_at) AS sent_at FROM swf_workflow_messages WHERE message_type = 'stf_gen') g
 WHERE s.status = 'completed'"""
WAYS = """
SELECT min(m.sent_at) AS first, max(s.updated_at) AS last FROM swf_tf_slices s
 JOIN swf_fastmon_files f ON f.tf_file_id = s.fastmon_file_id
 JOIN swf_stf_files t ON t.file_id = f.stf_file_id
 JOIN swf_workflow_messages m ON m.message_type = 'stf_gen' AND {filename} = t.stf_filename
 WHERE s.status = 'completed' GROUP BY t.stf_filename"""
WAITS = """
SELECT created_at AS first, coalesce(assigned_at, (SELECT max(updated_at) FROM swf_tf_slices)) AS last,
 status = 'completed' AS done FROM swf_tf_slices"""


@dataclass(frozen=True, slots=True)
class Load:
    """A run: `workers` in all, shared out among `processes`; times in seconds."""

    stfs: int
    processes: int
    workers: int = 40
    interval: float = 2.0
    seconds: float = 0.0
    realtime: bool = False


def rows(stage: Stage) -> list[Row]:
    """Both backends for the rates, the embedded ones for the rest."""
    found = []
    stfs = stage.amount(600, 20)
    for name in ("embedded broker + SQLite", "ActiveMQ + PostgreSQL"):
        if not name.startswith("embedded"):  # its Java compiles while it is new: brokers run for months
            _rate(stage, name, Load(stage.amount(100, 10), processes=4), COMPLETION)
        life = _rate(stage, name, Load(stfs, processes=4), COMPLETION)
        # last, since it leaves its slices in the queue of the broker
        created = _rate(stage, name, Load(stfs, processes=0), CREATION)
        wanted = CREATED if name.startswith("embedded") else None
        found.append(_least(f"slices created, recorded, published, {name}", created, wanted))
        found.append(_least(f"slices through the whole life, 4 worker processes, {name}", life, LIFE))
    return [*found, *_way(stage), _many_workers(stage), *_idle(stage)]


def _rate(stage: Stage, name: str, load: Load, statement: str) -> float:
    """Slices a second from the first STF on."""
    with _home(stage, name) as home, _agents(home, load.processes):
        _run(home, load)
        wanted = load.stfs * 15
        (found,) = wait_for(lambda: _all(home, statement, wanted), 300, every=0.2)
        return wanted / (_moment(found["last"]) - _moment(found["first"]))


def _way(stage: Stage) -> list[Row]:
    """From an STF to its last slice, at the rate of the founding document."""
    load = Load(stage.amount(30, 3), processes=2, realtime=True)
    with stage.embedded_home() as home, _agents(home, load.processes):
        _run(home, load)
        wait_for(lambda: _all(home, COMPLETION, load.stfs * 15), 60, every=0.2)
        found = _ask(home, WAYS.format(filename="json_extract(m.message_content, '$.filename')"))
    ways = [_moment(row["last"]) - _moment(row["first"]) for row in found]
    name = f"stf_gen to last slice recorded, 0.5 Hz, {load.stfs} STFs"
    return [
        _most(f"{name}: median", percentile(ways, 0.5), WAY_MEDIAN, "s"),
        _most(f"{name}: p99", percentile(ways, 0.99), WAY_LATE, "s"),
    ]


def _many_workers(stage: Stage) -> Row:
    """A thousand workers in one process at 30 s a slice take 33 slices a second."""
    seconds = stage.amount(60, 4)
    load = Load(int(2.2 * seconds), 1, workers=1000, interval=1 / 2.2, seconds=30, realtime=True)
    with stage.embedded_home() as home, _agents(home, load.processes) as processes:
        before = cpu_seconds(processes[WORKER].pid)
        _run(home, load)
        used = (cpu_seconds(processes[WORKER].pid) - before) / seconds
        memory = rss(processes[WORKER].pid)
        found = _ask(home, WAITS)
    waits = [_moment(row["last"]) - _moment(row["first"]) for row in found]
    done = sum(bool(row["done"]) for row in found)
    made = f"{len(waits):,} slices made and {done:,} done in {seconds} s"
    note = f"{made}; {used:.1%} of a core, {shown(memory, 'B')}"
    return _most(
        "1,000 workers in one process, wait for a worker p99", percentile(waits, 0.99), KEEP_UP, "s", note
    )


def _idle(stage: Stage) -> list[Row]:
    """What each agent costs while nothing happens."""
    seconds = stage.amount(30, 3)
    found = []
    with stage.embedded_home() as home, _agents(home, 1) as processes:
        time.sleep(3)
        before = {name: cpu_seconds(process.pid) for name, process in processes.items()}
        time.sleep(seconds)
        for name, process in processes.items():
            used = (cpu_seconds(process.pid) - before[name]) / seconds
            found.append(_most(f"{name}, idle: share of a core", used, IDLE_CPU, ""))
            found.append(_most(f"{name}, idle: memory", rss(process.pid), IDLE_BYTES, "B"))
    return found


@contextmanager
def _home(stage: Stage, name: str) -> Iterator[Home]:
    with stage.embedded_home() if name.startswith("embedded") else stage.server_home() as home:
        yield home


@contextmanager
def _agents(home: Home, workers: int) -> Iterator[dict[str, "Popen[bytes]"]]:
    """The chain's processes while this holds, by name, all of them listening."""
    words = {name: [f"agents/{name}.py"] for name in CHAIN}
    words |= {
        WORKER if number == 0 else f"{WORKER}-{number}": [f"agents/{WORKER}.py", "--instance", str(number)]
        for number in range(workers)
    }
    with ExitStack() as stack:
        processes = {name: stack.enter_context(_process(home, these)) for name, these in words.items()}
        wait_for(lambda: _listening(home) >= len(words), 60, every=0.1)
        yield processes


@contextmanager
def _process(home: Home, words: Sequence[str]) -> Iterator["Popen[bytes]"]:
    command = [sys.executable, *words, "--namespace", NAMESPACE]
    process = Popen(command, cwd=home.path, env=home.environ, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def _run(home: Home, load: Load) -> None:
    """Run the workflow to its end."""
    text = CONFIGURATION.format(
        stfs=load.stfs, interval=load.interval, workers=load.workers, seconds=load.seconds
    )
    Path(home.path / "workflows/chain.toml").write_text(text)
    pace = ["--realtime"] if load.realtime else []
    home.console(
        "--run", "stf_datataking", "--workflow-config", "chain", "--namespace", NAMESPACE, "--json", *pace
    )


def _listening(home: Home) -> int:
    return len(_ask(home, "SELECT 1 AS one FROM swf_systemagent WHERE operational_state = 'READY'"))


def _all(home: Home, statement: str, wanted: int) -> list[dict[str, Any]]:
    """The row of a statement once it counts so many slices."""
    found = _ask(home, statement)
    return found if found[0]["slices"] >= wanted else []


def _ask(home: Home, statement: str) -> list[dict[str, Any]]:
    """Ask the database with nothing of ours between."""
    url = home.settings.database_url
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(home.settings.state_dir / "swf.db", timeout=30)) as sqlite:
            sqlite.row_factory = sqlite3.Row
            return [dict(row) for row in sqlite.execute(statement)]
    import psycopg2
    import psycopg2.extras

    with closing(psycopg2.connect(url.replace("+psycopg2", ""))) as server:
        cursor = server.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
        cursor.execute(statement)
        return [dict(row) for row in cursor.fetchall()]


def _moment(value: Any) -> float:
    moment = datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value
    return float(moment.timestamp())


def _least(what: str, measured: float, target: float | None) -> Row:
    if target is None:
        return Row(what, shown(measured, "/s"))
    return Row(what, shown(measured, "/s"), "", None, f">= {target:,.0f}/s", measured >= target)


def _most(what: str, measured: float, target: float, unit: str, note: str = "") -> Row:
    if not unit:
        return Row(what, f"{measured:.2%}", "", None, f"< {target:.0%}", measured < target, note)
    return Row(what, shown(measured, unit), "", None, f"< {shown(target, unit)}", measured < target, note)

"""Realtime mode, watched from outside: when each STF was sent, what the process used, how soon it stops."""

import json
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

from tests.support.waiting import wait_for

from .harness import Row, cpu_seconds, median, percentile, shown
from .stage import CONSOLE, Home, Stage, embedded_broker, run_words

TITLE = "Realtime: lateness against the first STF's schedule, CPU of the whole process between its STFs"
LATE = DRIFT = 0.005
STOP = 0.050
CPU_SHARE = 0.02
# nothing but the physics period takes time, so that a run is as long as its STFs
DELAYS = (
    "no_beam_not_ready_delay",
    "broadcast_delay",
    "beam_not_ready_delay",
    "beam_ready_delay",
    "beam_not_ready_end_delay",
)
SETTLED = 2.0


@dataclass(frozen=True, slots=True)
class Watched:
    """A realtime run: lateness of each STF in seconds, CPU as a share of a core, ours and the broker's."""

    lateness: Sequence[float]
    cpu: float
    broker_cpu: float
    reported: dict[str, Any]


def rows(stage: Stage) -> list[Row]:
    """0.5 Hz and 50 Hz, and the stop."""
    seconds = stage.amount(60, 4)
    found = []
    with stage.home() as home, embedded_broker(home) as broker:
        for rate in (0.5, 50.0):
            watched = _watch(home, broker, rate, seconds)
            found += _rows_of(watched, rate, seconds)
        found.append(_stop_row(home, stage.amount(15, 2)))
    return found


def _rows_of(watched: Watched, rate: float, seconds: int) -> list[Row]:
    name = f"{rate:g} Hz for {seconds} s"
    late, drift = percentile(watched.lateness, 0.99), _drift(watched.lateness)
    told = watched.reported
    most = shown(told["max"], "s")
    note = f"it reports p99 {shown(told['p99'], 's')}, largest {most} of {told['events']} events"
    found = [
        Row(f"{name}: lateness p99", shown(late, "s"), "", None, f"< {shown(LATE, 's')}", late < LATE, note),
        Row(f"{name}: drift", shown(drift, "s"), "", None, f"< {shown(DRIFT, 's')}", abs(drift) < DRIFT),
    ]
    broker = f"the broker's own process: {watched.broker_cpu:.2%}"
    cpu = f"{watched.cpu:.2%}"
    if rate < 1:
        return [*found, Row(f"{name}: CPU of a core", cpu, note=broker)]
    under = watched.cpu < CPU_SHARE
    return [*found, Row(f"{name}: CPU of a core", cpu, "", None, f"< {CPU_SHARE:.0%}", under, broker)]


def _drift(lateness: Sequence[float]) -> float:
    """How much later the last tenth was than the first."""
    tenth = max(1, len(lateness) // 10)
    return median(lateness[-tenth:]) - median(lateness[:tenth])


def _watch(home: Home, broker: int, rate: float, seconds: int) -> Watched:
    process = _start(home, rate, max(2, round(rate * seconds)))
    time.sleep(SETTLED)
    before, broker_before, began = cpu_seconds(process.pid), cpu_seconds(broker), time.monotonic()
    time.sleep(seconds - SETTLED - 1.0)
    passed = time.monotonic() - began
    used, broker_used = cpu_seconds(process.pid) - before, cpu_seconds(broker) - broker_before
    told, _ = process.communicate()
    assert process.returncode == 0, told
    report = json.loads(told)
    sent = _sent(home, report["execution_id"])
    return Watched(
        _lateness(sent), used / passed, broker_used / passed, report["performance_metrics"]["lateness"]
    )


def _start(home: Home, rate: float, count: int) -> "Popen[str]":
    delays = [word for name in DELAYS for word in ("--set", f"daq_state_machine.{name}=0")]
    words = [*run_words(count), "--realtime", "--stf-interval", f"{1 / rate:g}", *delays, "--json"]
    return Popen(
        [str(CONSOLE), *words],
        cwd=home.path,
        env=home.environ,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        text=True,
    )


def _sent(home: Home, execution_id: str) -> list[tuple[str, datetime, float]]:
    """Type, wall time and simulated time of each message, as it is recorded."""
    from sqlalchemy import text

    from swf_console.backend.database import open_database

    query = text(
        "SELECT message_type, message_content FROM swf_workflow_messages WHERE execution_id = :one "
        "ORDER BY sent_at"
    )
    database = open_database(home.settings.database_url)
    try:
        with database.read() as connection:
            found = [(row[0], json.loads(row[1])) for row in connection.execute(query, {"one": execution_id})]
    finally:
        database.close()
    return [(kind, datetime.fromisoformat(one["timestamp"]), one["simulation_tick"]) for kind, one in found]


def _lateness(sent: Sequence[tuple[str, datetime, float]]) -> list[float]:
    """Of each STF, against the most punctual one."""
    offsets = [at.timestamp() - tick for kind, at, tick in sent if kind == "stf_gen"]
    return [offset - min(offsets) for offset in offsets]


def _stop_row(home: Home, repetitions: int) -> Row:
    taken = [_stop(home) for _ in range(repetitions)]
    worst = max(taken)
    return Row(
        "a stop, from SIGINT to end_run",
        f"{shown(worst, 's')} at most",
        "",
        None,
        f"<= {shown(STOP, 's')}",
        worst <= STOP,
        f"median {shown(median(taken), 's')} of {repetitions}, in the middle of a wait of 10 s",
    )


def _stop(home: Home) -> float:
    process = _start(home, 0.1, 10)
    execution_id = wait_for(lambda: _under_way(home), 20)
    assert execution_id is not None
    asked = datetime.now(UTC)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130, process.returncode
    ended = [at for kind, at, _ in _sent(home, execution_id) if kind == "end_run"]
    return (ended[0] - asked).total_seconds()


def _under_way(home: Home) -> str | None:
    """The running execution, once its first STF is delivered."""
    from swf_console.backend.database import executions, messages, open_database
    from swf_console.backend.database.records.messages import MessageFilter
    from swf_console.backend.database.records.workflows import ExecutionFilter

    database = open_database(home.settings.database_url)
    try:
        with database.read() as connection:
            running = executions.page(connection, ExecutionFilter(status="running"), limit=1).items
            if not running:
                return None
            one = running[0].execution_id
            sent = messages.page(connection, MessageFilter(execution_id=one, message_type="stf_gen")).items
    finally:
        database.close()
    return one if sent and sent[0].delivered_at else None

"""`swf-console status`: the state of backends, agents and executions, and a verdict."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..backend.core.format import capped, duration_text, instant
from ..backend.core.settings import load_settings
from ..backend.core.times import seconds_since
from .arguments import add, add_json, given
from .output import brief, emit, fields, keep_logs_off_the_screen, show, show_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..backend.database.records.workflows import ExecutionSummary
    from ..backend.services.agents.snapshot import AgentView, SupervisorSnapshot
    from ..backend.services.broker.problems import BrokerProblem
    from ..backend.services.health.broker import BrokerHealth
    from ..backend.services.health.database import DatabaseHealth
    from ..backend.services.health.namespace import NamespaceHealth
    from ..backend.services.status.home import Status

MOST_PROBLEMS = 3
SIGNS = {"up": "●", "idle": "○", "slow": "…", "down": "✖", "unusable": "✖"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The testbed configuration and the output format."""
    add(parser, "--testbed-config", "FILE", "testbed.toml (workflows/testbed.toml)")
    add_json(parser, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the status; exit code 0: ready, 2: no namespace, 3: a backend is not usable, 4: no answer yet."""
    from ..backend.services.status.home import current_status

    keep_logs_off_the_screen()
    settings = load_settings(home=arguments.home, testbed_config=given(arguments, "testbed_config"))
    status = current_status(settings, counted=arguments.json)
    if arguments.json:
        emit(asdict(status))
    else:
        show_status(status)
    return status.exit_code


def show_status(status: "Status") -> None:
    """Print the status for a user, the verdict last."""
    fields(
        [
            ("home", brief(status.home)),
            ("namespace", describe_namespace(status.namespace)),
            ("broker", describe_broker(status.broker)),
            *(("broker store", describe_problem(one)) for one in status.broker_problems[:MOST_PROBLEMS]),
            ("database", describe_database(status.database)),
            ("agents", describe_supervisor(status.supervisor)),
        ]
    )
    show_running(status.database)
    show_agents(status.agents)
    show()
    show(brief(status.verdict, 1000))


def describe_namespace(namespace: "NamespaceHealth") -> str:
    """The namespace, or why there is none."""
    return brief(namespace.name or f"✖ {namespace.error}")


def describe_broker(broker: "BrokerHealth") -> str:
    """The broker on one line."""
    sign = SIGNS[broker.health]
    if broker.health == "idle":
        return f"{sign} embedded, not running; the next run starts it"
    parts = [
        broker.kind,
        broker.place,
        broker.server,
        f"pid {broker.pid}" if broker.pid else "",
        broker.error,
    ]
    return brief(f"{sign} {', '.join(part for part in parts if part)}")


def describe_problem(problem: "BrokerProblem") -> str:
    """A problem of the broker's store, and what to do about it."""
    return brief(f"{'✖' if problem.refuses else '▲'} {problem.text}. {problem.advice}", 600)


def describe_database(database: "DatabaseHealth") -> str:
    """The database on one line."""
    sign = SIGNS[database.health]
    if database.health == "idle":
        return brief(f"{sign} {database.place}, does not exist yet; the next run creates it")
    version = f"version {database.version}" if database.version else ""
    return brief(f"{sign} {', '.join(part for part in (database.place, version, database.error) if part)}")


def show_running(database: "DatabaseHealth") -> None:
    """Print the running executions."""
    from ..backend.services.health.database import RUNNING_CAP

    rows = [
        (
            brief(one.execution_id),
            brief(one.namespace, 40),
            brief(one.executed_by, 40),
            instant(one.start_time),
            duration_text(seconds_since(one.start_time)),
            running_note(one, database),
        )
        for one in database.running
    ]
    columns = ("execution", "namespace", "user", "started (UTC)", "for", "")
    show_table(f"Running: {capped(database.running_count, RUNNING_CAP)}", columns, rows)


def running_note(execution: "ExecutionSummary", database: "DatabaseHealth") -> str:
    """A remark on an execution that is recorded as running."""
    if execution.execution_id in database.lost:
        return "lost: no process runs it any more; swf-console executions closes it"
    return "stopping" if execution.stop_requested_at else ""


def describe_supervisor(supervisor: "SupervisorSnapshot") -> str:
    """supervisord on one line."""
    if supervisor.state == "running":
        return f"● supervisord, pid {supervisor.pid}"
    if supervisor.state == "slow":
        return f"… supervisord, {supervisor.message}"
    if supervisor.state in {"absent", "stale"}:
        return "○ supervisord, not running; the next run starts it"
    return brief(f"✖ supervisord {supervisor.state}: {supervisor.message}")


def show_agents(agents: "Sequence[AgentView]") -> None:
    """Print each agent: process state, operational state, and age of its heartbeat."""
    rows = [
        (
            brief(one.name),
            brief(one.agent_type),
            brief(one.state),
            brief(one.operational_state),
            duration_text(one.heartbeat_seconds),
            brief(one.pid),
            brief(one.namespace, 40),
            brief(one.note),
        )
        for one in agents
    ]
    columns = ("agent", "type", "process", "operation", "heartbeat", "pid", "namespace", "note")
    show_table("Agents", columns, rows)

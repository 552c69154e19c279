"""What continues after the console is left, and what stops with it."""

from collections.abc import Callable, Iterator

from ..backend.core.errors import SwfError
from ..backend.database import executions
from ..backend.database.records.workflows import ExecutionFilter
from ..backend.services.agents.status import probe_supervisor
from ..backend.services.health.probe import Probe
from .context import ConsoleContext

ANSWER_SECONDS = 1.5
MAX_NAMED = 3


def what_remains(context: ConsoleContext) -> list[str]:
    """A line for each thing that keeps running; takes two seconds at most, whatever is down."""
    questions: tuple[Callable[[ConsoleContext], list[str]], ...] = (_executions, _agents, _broker)
    probes = [Probe(lambda question=question: list(_answers(question, context))) for question in questions]  # type: ignore[misc]
    return [line for one in probes for line in one.within(ANSWER_SECONDS, list)]


def _answers(question: Callable[[ConsoleContext], list[str]], context: ConsoleContext) -> Iterator[str]:
    try:
        yield from question(context)
    except SwfError as error:
        yield f"unknown: {error.message}"


def _executions(context: ConsoleContext) -> list[str]:
    wanted = ExecutionFilter(status="running", namespace=context.namespace)
    with context.database().read() as connection:
        running = executions.page(connection, wanted, limit=MAX_NAMED + 1).items
    if not running:
        return ["no execution is running" + (f" in {context.namespace}" if context.namespace else "")]
    names = ", ".join(one.execution_id for one in running[:MAX_NAMED])
    more = " and more" if len(running) > MAX_NAMED else ""
    return [f"running: {names}{more}"]


def _agents(context: ConsoleContext) -> list[str]:
    supervisor = probe_supervisor(context.settings, context.supervisor)
    up = [one for one in supervisor.processes if str(one.state) == "RUNNING"]
    if not up:
        return ["no agents running under supervisord"]
    programs = "1 program continues" if len(up) == 1 else f"{len(up)} programs continue"
    return [f"{programs} under supervisord (pid {supervisor.pid}); swf-console down stops them"]


def _broker(context: ConsoleContext) -> list[str]:
    following = context.subscription
    if following is None or context.settings.broker is not None:
        return []
    if following.broker_is_ours:
        return ["the embedded broker was started by this console; it stops when no client is connected"]
    return ["the embedded broker continues; another process started it"]

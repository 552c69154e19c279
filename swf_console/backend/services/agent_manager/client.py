"""Requests to a user's agent manager: its state, its report, its commands."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...core.errors import Refused, SwfError, TimedOut
from ...core.settings import Settings
from ...database import Database, agents
from ...database.records.agents import Agent, AgentFilter
from ...messaging.client import request, requester_of
from ...messaging.outbox import NoOutbox
from ...messaging.replies import AGENT_CONTROL, reply_topic
from ..agents.snapshot import SILENT
from ..testbed import HomeTestbed, agents_running, describe
from .protocol import PING, START, STATUS, STOP, control_queue
from .server import AGENT_TYPE

PING_SECONDS = 3.0
WORK_SECONDS = 60.0
MOST_MANAGERS = 500


@dataclass(frozen=True, slots=True)
class ManagerStatus:
    """A user's agent manager; `alive`: its heartbeat is recent and it answers a ping."""

    username: str
    alive: bool
    control_queue: str
    answers: bool
    instance_name: str | None = None
    last_heartbeat: datetime | None = None
    operational_state: str | None = None
    mq_connected: bool | None = None
    namespace: str | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class TestbedStatus:
    """The state of a user's testbed, and its source (`told_by`)."""

    username: str
    told_by: str
    agents_running: bool | None
    supervisord_status: str
    manager: ManagerStatus


def check_manager(settings: Settings, database: Database, user: str) -> ManagerStatus:
    """The state of a user's agent manager: its heartbeat and, if that is recent, a ping."""
    agent = find_manager(database, user)
    where = control_queue(user)
    if agent is None or not _fresh(agent):
        heartbeat = agent.last_heartbeat if agent else None
        last = f"last heartbeat {heartbeat:%F %T} UTC" if heartbeat else "no heartbeat recorded"
        remark = f"{last}; {user} starts it with: swf-console agent-manager"
        return _status(user, agent, where, answers=False, remark=remark)
    try:
        request_manager(settings, user, PING, timeout=PING_SECONDS)
    except SwfError as error:
        return _status(user, agent, where, answers=False, remark=str(error))
    return _status(user, agent, where, answers=True)


def testbed_status(settings: Settings, database: Database, user: str) -> TestbedStatus:
    """The state of a user's testbed: of this home directly, of another user from the agent manager."""
    manager = check_manager(settings, database, user)
    if user == settings.user:
        status = HomeTestbed(settings).probe()
        return TestbedStatus(user, "supervisord", agents_running(status), describe(status), manager)
    if not manager.alive:
        return TestbedStatus(user, "none", None, "", manager)
    reply = request_manager(settings, user, STATUS, timeout=PING_SECONDS)
    running = reply.get("agents_running")
    return TestbedStatus(
        user,
        "agent manager",
        running if isinstance(running, bool) else None,
        str(reply.get("supervisord_status", "")),
        manager,
    )


def start_user_testbed(
    settings: Settings, database: Database, user: str, config_name: str | None = None
) -> dict[str, Any]:
    """Start a user's agents: by the agent manager, or directly if none runs and they are this user's."""
    manager = check_manager(settings, database, user)
    if manager.alive:
        return _accepted(
            request_manager(settings, user, START, config_name=config_name, timeout=WORK_SECONDS)
        )
    _require_own(settings, manager)
    return {"accepted": True, "by": "this process", "agents": list(HomeTestbed(settings).start(config_name))}


def stop_user_testbed(settings: Settings, database: Database, user: str) -> dict[str, Any]:
    """Stop a user's agents: by the agent manager, or directly if none runs and they are this user's."""
    manager = check_manager(settings, database, user)
    if manager.alive:
        return _accepted(request_manager(settings, user, STOP, timeout=WORK_SECONDS))
    _require_own(settings, manager)
    return {"accepted": True, "by": "this process", "agents": list(HomeTestbed(settings).stop())}


def find_manager(database: Database, user: str) -> Agent | None:
    """The agent manager of a user with the latest heartbeat: ours, or that of the existing testbed."""
    with database.read() as connection:
        known = agents.page(connection, AgentFilter(agent_type=AGENT_TYPE), limit=MOST_MANAGERS).items
    mine = [one for one in known if _serves(one, user)]
    oldest = datetime.min.replace(tzinfo=UTC)
    return max(mine, key=lambda one: one.last_heartbeat or oldest, default=None)


def request_manager(
    settings: Settings, user: str, command: str, *, timeout: float, config_name: str | None = None
) -> dict[str, Any]:
    """Send a command and return the reply; BrokerUnreachable, or TimedOut after `timeout` seconds."""
    source = requester_of(settings)
    content = {
        "command": command,
        "config_name": config_name,
        "timestamp": datetime.now(UTC).isoformat(),
        "source": source,
    }
    reply = request(
        settings,
        NoOutbox,
        control_queue(user),
        content,
        reply_to=lambda correlation: f"{reply_topic(AGENT_CONTROL, source)}.{correlation}",
        timeout=timeout,
    )
    if reply is None:
        raise TimedOut(
            f"the agent manager of {user} did not answer {command} within {timeout:g} s",
            f"Check that it uses the same broker. {user} starts it with: swf-console agent-manager",
        )
    return reply


def _accepted(reply: dict[str, Any]) -> dict[str, Any]:
    if reply.get("accepted") is False:
        raise Refused(f"the agent manager refused: {reply.get('reason')}")
    return {**reply, "by": "agent manager"}


def _require_own(settings: Settings, manager: ManagerStatus) -> None:
    if manager.username != settings.user:
        raise Refused(f"the agent manager of {manager.username} is not running: {manager.remark}")


def _serves(agent: Agent, user: str) -> bool:
    metadata = agent.metadata if isinstance(agent.metadata, dict) else {}
    return metadata.get("username") == user or agent.instance_name == f"agent-manager-{user}"


def _fresh(agent: Agent) -> bool:
    beat = agent.last_heartbeat
    return agent.operational_state != "EXITED" and beat is not None and datetime.now(UTC) - beat < SILENT


def _status(user: str, agent: Agent | None, where: str, *, answers: bool, remark: str = "") -> ManagerStatus:
    if agent is None:
        return ManagerStatus(user, False, where, answers, remark=remark)
    metadata = agent.metadata if isinstance(agent.metadata, dict) else {}
    connected = metadata.get("mq_connected")
    return ManagerStatus(
        username=user,
        alive=answers,
        control_queue=where,
        answers=answers,
        instance_name=agent.instance_name,
        last_heartbeat=agent.last_heartbeat,
        operational_state=agent.operational_state,
        mq_connected=connected if isinstance(connected, bool) else None,
        namespace=agent.namespace,
        remark=remark,
    )

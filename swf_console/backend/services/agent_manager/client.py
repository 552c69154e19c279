"""Asking a user's agent manager: whether it is there, what it says, what it shall do."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...core.errors import Refused, SwfError, TimedOut
from ...core.settings import Settings
from ...database import Database, agents
from ...database.records.agents import Agent
from ...messaging.client import request, sender_of
from ...messaging.outbox import NoOutbox
from ..agents.snapshot import SILENT
from ..testbed import HomeTestbed, agents_running, describe
from .protocol import PING, REPLY_PREFIXES, START, STATUS, STOP, control_queue
from .server import AGENT_TYPE

PING_SECONDS = 3.0
WORK_SECONDS = 60.0
LOOKED_THROUGH = 500


@dataclass(frozen=True, slots=True)
class ManagerLook:
    """A user's agent manager: `alive` says that its heart-beat is fresh and that it answers a ping."""

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
class TestbedLook:
    """A user's testbed: who told, and what."""

    username: str
    told_by: str
    agents_running: bool | None
    supervisord_status: str
    manager: ManagerLook


def check_manager(settings: Settings, database: Database, user: str) -> ManagerLook:
    """Whether a user's agent manager lives: by its heart-beat, and by a ping where that is fresh."""
    agent = find_manager(database, user)
    where = control_queue(user)
    if agent is None or not _fresh(agent):
        heard = f"last heard of at {agent.last_heartbeat:%F %T} UTC" if agent and agent.last_heartbeat else ""
        remark = f"{heard or 'never heard of'}; {user} starts it with: swf-console agent-manager"
        return _look(user, agent, where, answers=False, remark=remark)
    try:
        ask_manager(settings, user, PING, timeout=PING_SECONDS)
    except SwfError as error:
        return _look(user, agent, where, answers=False, remark=str(error))
    return _look(user, agent, where, answers=True)


def look_at_testbed(settings: Settings, database: Database, user: str) -> TestbedLook:
    """What runs of a user's testbed: this home's own is looked at, another user's manager is asked."""
    manager = check_manager(settings, database, user)
    if user == settings.user:
        look = HomeTestbed(settings).probe()
        return TestbedLook(user, "supervisord", agents_running(look), describe(look), manager)
    if not manager.alive:
        return TestbedLook(user, "nobody", None, "", manager)
    told = ask_manager(settings, user, STATUS, timeout=PING_SECONDS)
    running = told.get("agents_running")
    return TestbedLook(
        user,
        "agent manager",
        running if isinstance(running, bool) else None,
        str(told.get("supervisord_status", "")),
        manager,
    )


def start_user_testbed(
    settings: Settings, database: Database, user: str, config_name: str | None = None
) -> dict[str, Any]:
    """Start a user's agents: by the agent manager, or here where it is this user's and no manager lives."""
    manager = check_manager(settings, database, user)
    if manager.alive:
        return _carried_out(ask_manager(settings, user, START, config_name=config_name, timeout=WORK_SECONDS))
    _only_ours(settings, manager)
    return {"accepted": True, "by": "this process", "agents": list(HomeTestbed(settings).start(config_name))}


def stop_user_testbed(settings: Settings, database: Database, user: str) -> dict[str, Any]:
    """Stop a user's agents: by the agent manager, or here where it is this user's and no manager lives."""
    manager = check_manager(settings, database, user)
    if manager.alive:
        return _carried_out(ask_manager(settings, user, STOP, timeout=WORK_SECONDS))
    _only_ours(settings, manager)
    return {"accepted": True, "by": "this process", "agents": list(HomeTestbed(settings).stop())}


def find_manager(database: Database, user: str) -> Agent | None:
    """The agent manager of a user as last heard of: ours, or one of the existing testbed's."""
    with database.read() as connection:
        known = agents.page(connection, agent_type=AGENT_TYPE, limit=LOOKED_THROUGH).items
    mine = [one for one in known if _serves(one, user)]
    oldest = datetime.min.replace(tzinfo=UTC)
    return max(mine, key=lambda one: one.last_heartbeat or oldest, default=None)


def ask_manager(
    settings: Settings, user: str, command: str, *, timeout: float, config_name: str | None = None
) -> dict[str, Any]:
    """Send a command and return the answer; BrokerUnreachable, or TimedOut after `timeout` seconds."""
    source = sender_of(settings)
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
        reply_to=lambda correlation: f"{REPLY_PREFIXES[1]}{source}.{correlation}",
        timeout=timeout,
    )
    if reply is None:
        raise TimedOut(
            f"the agent manager of {user} did not answer {command} within {timeout:g} s",
            f"Is it running, and on the same broker? {user} starts it with: swf-console agent-manager",
        )
    return reply


def _carried_out(told: dict[str, Any]) -> dict[str, Any]:
    if told.get("accepted") is False:
        raise Refused(f"the agent manager refused: {told.get('reason')}")
    return {**told, "by": "agent manager"}


def _only_ours(settings: Settings, manager: ManagerLook) -> None:
    if manager.username != settings.user:
        raise Refused(f"no agent manager of {manager.username} is alive: {manager.remark}")


def _serves(agent: Agent, user: str) -> bool:
    told = agent.metadata if isinstance(agent.metadata, dict) else {}
    return told.get("username") == user or agent.instance_name == f"agent-manager-{user}"


def _fresh(agent: Agent) -> bool:
    beat = agent.last_heartbeat
    return agent.operational_state != "EXITED" and beat is not None and datetime.now(UTC) - beat < SILENT


def _look(user: str, agent: Agent | None, where: str, *, answers: bool, remark: str = "") -> ManagerLook:
    if agent is None:
        return ManagerLook(user, False, where, answers, remark=remark)
    told = agent.metadata if isinstance(agent.metadata, dict) else {}
    connected = told.get("mq_connected")
    return ManagerLook(
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

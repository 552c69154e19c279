"""The `runner` of a workflow: it sends messages and records the states of the run."""

import json
import logging
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from simpy import Environment

from ..core.destinations import EPICTOPIC
from ..core.errors import ExecutionFailed
from .ports import ExecutionIdentity, Reason, SimulationPorts, StateChange
from .run_numbers import ApiSession

DESTINATION = re.compile(r"/(topic|queue)/[^\s/]\S*")
STATES = {
    "run_imminent": ("beam", "not_ready"),
    "start_run": ("run", "physics"),
    "pause_run": ("run", "standby"),
    "resume_run": ("run", "physics"),
    "end_run": ("beam", "not_ready"),
}
# what workflow code may use; docs/writing-a-workflow.md describes each
OFFERED = (
    "send_message",
    "record_state",
    "initialize_state",
    "next_run_number",
    "execution_id",
    "namespace",
    "run_number",
    "stf_count",
    "planning",
    "monitor_url",
    "api_session",
    "logger",
)


class MessageRefused(ExecutionFailed):
    """A workflow sent something that is not a message, or used an invalid destination."""


class Runner:
    """The interface between a workflow and the console; each execution has its own.

    `planning` is true in a dry run: nothing is sent, and the workflow should not write files then.
    """

    def __init__(
        self,
        env: Environment,
        ports: SimulationPorts,
        identity: ExecutionIdentity,
        *,
        monitor_url: str = "",
    ) -> None:
        self.execution_id = identity.execution_id
        self.namespace = identity.namespace
        self.agent_name = identity.sender
        self.monitor_url = monitor_url
        self.planning = ports.planning
        self.api_session = ApiSession(self.next_run_number)
        self.logger = logging.getLogger("swf_console.workflow")
        self.messages_by_type: Counter[str] = Counter()
        self.run_number: int | None = None
        self._env = env
        self._ports = ports
        self._identity = {
            "namespace": identity.namespace,
            "execution_id": identity.execution_id,
            "sender": identity.sender,
        }
        self._reason: Reason = "completed"
        self._destinations: set[str] = set()
        self._run_open = False
        self._stfs_before_run = 0
        self._closing = False
        self._closed = False

    def __getattr__(self, name: str) -> NoReturn:
        """Name what a workflow can use: code that was written for another runner fails on its first run."""
        raise AttributeError(f"runner.{name} is not available; the runner has {', '.join(OFFERED)}")

    @property
    def stf_count(self) -> int:
        """How many STFs were sent."""
        return self.messages_by_type["stf_gen"]

    def next_run_number(self) -> int:
        """Take a DAQ run number for this execution; unique across processes and hosts."""
        self.run_number = self._ports.next_run_number()
        return self.run_number

    def send_message(self, destination: str, message: dict[str, Any]) -> None:
        """Send `message` to `/topic/...` or `/queue/...`, stamped with the execution's identity.

        Namespace, execution_id and sender are always those of the execution; run_id, simulation_tick and
        timestamp (ISO 8601, UTC) are added if the message does not have them.
        Raises MessageRefused unless it is a JSON object with a msg_type and the destination has its prefix.
        """
        msg_type = self._accept(destination, message)
        content = {**message, **self._identity}
        run_id = content.get("run_id")
        content["run_id"] = str((self.run_number or self.next_run_number()) if run_id is None else run_id)
        tick = self._env.now
        content.setdefault("simulation_tick", tick)
        announces = msg_type in STATES
        if announces and not self._completed(msg_type, content):
            return
        try:
            self._ports.send(destination, content, tick, closing=self._closing)
        except (TypeError, ValueError) as error:
            _refuse_unless_json(msg_type, content, error)
            raise
        self.messages_by_type[msg_type] += 1
        if announces:
            self._run_open = msg_type != "end_run" and (self._run_open or msg_type == "run_imminent")
            self._record(msg_type, content)

    def initialize_state(
        self, run_number: int | str, execution_id: str, config: Mapping[str, Any] | None = None
    ) -> bool:
        """Record the state in which the run begins, as workflows of the existing testbed do; returns True.

        The run, the execution and its parameters are always this execution's own.
        """
        del run_number, execution_id, config
        self.record_state("no_beam", "not_ready")
        return True

    def record_state(self, state: str, substate: str | None = None) -> None:
        """Record a transition of the DAQ for which no message is sent."""
        content = {**self._identity, "simulation_tick": self._env.now}
        number = self.run_number or self.next_run_number()
        now = datetime.now(UTC)
        self._ports.record_state(StateChange(now, number, "state_change", state, substate, content))

    def begin_closing(self, reason: Reason) -> None:
        """From now on a stop does not abort a send, and an `end_run` carries `reason`."""
        self._reason = reason
        self._closing = True

    def close(self) -> None:
        """Send `end_run` if the run is still open; nothing can be sent afterwards."""
        try:
            if self._run_open:
                self.send_message(EPICTOPIC, {"msg_type": "end_run"})
        finally:
            self._closed = True

    def abandon(self, *, run_open: bool) -> None:
        """close() in another thread, for workflow code that does not return; `run_open` is what was sent."""
        self._run_open = run_open
        self.close()

    def _accept(self, destination: str, message: dict[str, Any]) -> str:
        if self._closed:
            raise MessageRefused("the workflow sent a message after its execution had ended")
        if not isinstance(destination, str) or destination not in self._destinations:
            if not isinstance(destination, str) or not DESTINATION.fullmatch(destination):
                raise MessageRefused(
                    f"destination {destination!r} does not start with /topic/ or /queue/",
                    "Write /topic/NAME or /queue/NAME",
                )
            self._destinations.add(destination)
        if not isinstance(message, dict):
            raise MessageRefused(f"a message must be a dict, not {type(message).__name__}")
        msg_type = message.get("msg_type")
        if not isinstance(msg_type, str) or not msg_type:
            raise MessageRefused(f"message to {destination} has no msg_type")
        return msg_type

    def _completed(self, msg_type: str, content: dict[str, Any]) -> bool:
        """Add the fields of a state message; False if it must not be sent."""
        if msg_type == "run_imminent":
            self._stfs_before_run = self.stf_count
        elif msg_type == "end_run":
            if not self._run_open and self.messages_by_type["end_run"]:
                self.logger.warning("%s: second end_run not sent", self.execution_id)
                return False
            self._complete_end_run(content)
        # other messages get their timestamp when they are written; this content is also the state event's
        content.setdefault("timestamp", datetime.now(UTC).isoformat(timespec="microseconds"))
        for key, value in zip(("state", "substate"), STATES[msg_type], strict=True):
            content.setdefault(key, value)
        return True

    def _complete_end_run(self, content: dict[str, Any]) -> None:
        total = content.get("total_stf_files", content.get("total_files"))
        total = self.stf_count - self._stfs_before_run if total is None else total
        content.setdefault("total_stf_files", total)
        content.setdefault("total_files", total)
        content.setdefault("reason", self._reason)
        if self._closing:
            content["reason"] = self._reason

    def _record(self, msg_type: str, content: dict[str, Any]) -> None:
        run_id = content["run_id"]
        number = int(run_id) if run_id.isdecimal() else self.run_number or self.next_run_number()
        event = StateChange(
            datetime.now(UTC), number, msg_type, content["state"], content["substate"], content
        )
        self._ports.record_state(event)


def _refuse_unless_json(msg_type: str, content: dict[str, Any], cause: Exception) -> None:
    """Raise MessageRefused if the message caused the error, and not the ports."""
    for key, value in content.items():
        try:
            json.dumps({key: value}, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise MessageRefused(f"message {msg_type}: field {key!r} is not JSON: {error}") from cause

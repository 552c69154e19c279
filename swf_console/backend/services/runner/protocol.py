"""Commands on `/queue/workflow_control` and their replies, as data."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ...config.names import check_namespace
from ...config.overrides import overrides_from
from ...core.errors import Refused
from ...messaging.message import IncomingMessage
from ...messaging.replies import checked_reply_to
from ..executions.request import RunRequest, parse_duration

REPLY = "workflow_control_reply"
RUN, STOP, STATUS = "run_workflow", "stop_workflow", "status_request"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True)
class Command:
    """One command as received; it is validated when it is executed."""

    kind: str
    content: Mapping[str, Any]
    namespace: str | None
    source: str | None
    reply_to: str | None
    correlation_id: str | None
    message: IncomingMessage = field(repr=False)

    @classmethod
    def of(cls, message: IncomingMessage) -> "Command":
        """Read a command. Some senders put the namespace inside params."""
        content = message.content or {}
        params = content.get("params")
        inside = params.get("namespace") if isinstance(params, Mapping) else None
        return cls(
            kind=message.msg_type or "",
            content=content,
            namespace=message.namespace or (inside if isinstance(inside, str) else None),
            source=_text(content.get("source")),
            reply_to=_text(content.get("reply_to")) or message.headers.get("reply-to"),
            correlation_id=_text(content.get("correlation_id")) or message.headers.get("correlation-id"),
            message=message,
        )

    def reply_destination(self) -> str | None:
        """The destination of the reply; None without reply_to or source. Raises Refused for another's."""
        if not self.reply_to or not self.source:
            return None
        # 0.1 replies to the user's name, and names the user only in the sender
        user = (self.message.sender or "").removeprefix("swf-console-")
        return checked_reply_to(self.reply_to, self.source, user)

    def request_id(self) -> str | None:
        """The id by which a repeated run_workflow is executed once. Raises Refused."""
        given = self.content.get("request_id")
        return None if given is None else checked_request_id(given)

    def run_request(self, executed_by: str) -> RunRequest:
        """The request in a run_workflow command. Raises Refused or a UsageError."""
        params = self.content.get("params") or {}
        if not isinstance(params, Mapping):
            raise Refused("params is not a JSON object", "Send params as {name: value}")
        workflow = self.content.get("workflow_name")
        if not isinstance(workflow, str) or not workflow:
            raise Refused("workflow_name is missing", "Set workflow_name, such as stf_datataking")
        configuration = self.content.get("config")
        if configuration is not None and not isinstance(configuration, str):
            raise Refused("config is not a name", "Send a configuration's name, or null")
        return RunRequest(
            workflow=workflow,
            configuration=configuration,
            overrides=overrides_from(params),
            namespace=self.namespace,
            realtime=_truth(self.content.get("realtime", False)),
            duration=parse_duration(self.content.get("duration"), "duration"),
            executed_by=executed_by,
        )


def reply_to(command: Command, answer: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Destination and content of the reply; None without source and a valid reply_to."""
    try:
        destination = command.reply_destination()
    except Refused:
        return None
    if destination is None:
        return None
    content = {
        "msg_type": REPLY,
        "command": command.kind,
        "namespace": command.namespace,
        "correlation_id": command.correlation_id,
        **({"request_id": command.content["request_id"]} if "request_id" in command.content else {}),
        "timestamp": datetime.now(UTC).isoformat(),
        **answer,
    }
    return destination, content


def checked_request_id(given: object) -> str:
    """A valid request id. Raises Refused."""
    if not isinstance(given, str) or not REQUEST_ID.fullmatch(given):
        raise Refused("request_id is not valid", "Use 1-100 characters: letters, digits, '.', '_' and '-'")
    return given


def new_request_id() -> str:
    """A request id that no other command has."""
    return uuid.uuid4().hex


def run_command(request: RunRequest, namespace: str, request_id: str) -> dict[str, Any]:
    """The run_workflow message for `request`; a runner executes it once for each `request_id`."""
    content: dict[str, Any] = {
        "msg_type": RUN,
        "namespace": namespace,
        "workflow_name": request.workflow,
        "config": request.configuration,
        "realtime": request.realtime,
        "params": {override.key: override.value for override in request.overrides},
        "request_id": request_id,
        "source": "swf-console",
    }
    if request.duration:
        content["duration"] = request.duration
    return content


def named_namespace(command: Command) -> str:
    """The command's namespace, checked. Raises NamespaceError."""
    return check_namespace(command.namespace or "", "the command")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _truth(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in {"1", "true", "yes", "on"}
    return bool(value)

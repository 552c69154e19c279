"""Commands on `/queue/workflow_control` and their replies, as data."""

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
        "timestamp": datetime.now(UTC).isoformat(),
        **answer,
    }
    return destination, content


def run_command(request: RunRequest, namespace: str) -> dict[str, Any]:
    """The run_workflow message for `request`."""
    content: dict[str, Any] = {
        "msg_type": RUN,
        "namespace": namespace,
        "workflow_name": request.workflow,
        "config": request.configuration,
        "realtime": request.realtime,
        "params": {override.key: override.value for override in request.overrides},
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

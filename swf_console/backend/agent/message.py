"""A message for a handler: checked fields, and the parameters of its execution."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, overload

from ..core.errors import UsageError
from ..messaging.message import IncomingMessage

LONGEST_TEXT = 255
LARGEST_INTEGER = 2**63 - 1
LARGEST_RUN = 2**31 - 1


class _Required:
    """No default: the field is required."""


REQUIRED: Final = _Required()


class BadMessage(UsageError):
    """A required field is missing or invalid: the message is not retried."""


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """What an agent knows of an execution; empty without a record.

    `ours`: it is run by this program, which records states and state events itself.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    realtime: bool = True
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `parameters` are those of its execution, as the workflow received them."""

    incoming: IncomingMessage
    execution: ExecutionView

    @property
    def id(self) -> str:
        """The unique id."""
        return self.incoming.id

    @property
    def msg_type(self) -> str:
        """The message type."""
        return self.incoming.msg_type or ""

    @property
    def namespace(self) -> str | None:
        """The namespace; None if the sender set none."""
        return self.incoming.namespace

    @property
    def execution_id(self) -> str | None:
        """The id of its execution; None if the sender set none."""
        return self.incoming.execution_id

    @property
    def run_id(self) -> str | None:
        """The DAQ run as text; None if the sender set none."""
        return self.incoming.run_id

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The execution's parameters; empty without a record."""
        return self.execution.parameters

    @property
    def content(self) -> dict[str, Any]:
        """All fields, as received."""
        return self.incoming.content or {}

    @property
    def run_number(self) -> int:
        """The DAQ run as a number. Raises BadMessage."""
        return self._whole("run_id", self.run_id, 1, LARGEST_RUN)

    @property
    def time(self) -> datetime:
        """The time of sending (UTC); the time of arrival without a valid timestamp."""
        return self.incoming.sent_at

    @overload
    def text(self, name: str) -> str: ...
    @overload
    def text(self, name: str, default: str | None) -> str | None: ...
    def text(self, name: str, default: str | _Required | None = REQUIRED) -> str | None:
        """The field `name`, printable and at most 255 characters long. Raises BadMessage."""
        value = self.content.get(name)
        if value is None and not isinstance(default, _Required):
            return default
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT or not value.isprintable():
            raise self._bad(name, value, "a short text")
        return value

    def integer(self, name: str, default: int | None = None, *, least: int = 0) -> int:
        """The field `name`, a whole number or one written as text; `default` if absent. Raises BadMessage."""
        value = self.content.get(name)
        return self._whole(name, default if value is None else value, least, LARGEST_INTEGER)

    def number(self, name: str, default: float | None = None) -> float:
        """The field `name`, a finite number; `default` if absent. Raises BadMessage."""
        value = self.content.get(name)
        value = default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._bad(name, value, "a number")
        return float(value)

    def _whole(self, name: str, value: object, least: int, most: int) -> int:
        if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 20:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._bad(name, value, "a whole number")
        return value

    def _bad(self, name: str, value: object, wanted: str) -> BadMessage:
        return BadMessage(f"{self.msg_type} message {self.id}: {name} = {str(value)[:80]!r} is not {wanted}")

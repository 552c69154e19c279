"""The filter of the list of executions: the text that an operator types, and its command line."""

import shlex
from dataclasses import fields

from ...backend.core.errors import UsageError
from ...backend.core.suggest import suggest
from ...backend.core.times import parse_time
from ...backend.database.records.workflows import ExecutionFilter

STATUSES = ("running", "completed", "failed", "terminated")
HELP = "Example: status=failed namespace=demo user=me workflow=stf_datataking since=2h ID-PREFIX"
# name in the text -> field of ExecutionFilter
FIELDS = {
    "status": "status",
    "namespace": "namespace",
    "user": "executed_by",
    "workflow": "workflow_name",
    "id": "id_prefix",
    "since": "since",
    "until": "until",
}
ALSO = {"ns": "namespace", "by": "user", "prefix": "id", "state": "status"}
FLAGS = {
    "status": "--status",
    "namespace": "--namespace",
    "executed_by": "--user",
    "workflow_name": "--workflow",
    "id_prefix": "--prefix",
    "since": "--since",
}


def parse_execution_filter(text: str) -> ExecutionFilter:
    """Parse a filter; a word without = is the beginning of an id. Raises UsageError."""
    found: dict[str, object] = {}
    for word in _words(text):
        name, sign, value = word.partition("=")
        field = _field(name) if sign else "id"
        if FIELDS[field] in found:
            raise UsageError(f"{field} is given twice", HELP)
        found[FIELDS[field]] = _value(field, value if sign else word)
    return ExecutionFilter(**found)  # type: ignore[arg-type]


def without_partial_field(text: str) -> str:
    """The text without its last word, if that may become the name of a field."""
    head, space, last = text.rpartition(" ")
    growing = last and any(name.startswith(last.lower()) for name in (*FIELDS, *ALSO))
    return head + space if growing else text


def command_of(wanted: ExecutionFilter) -> str:
    """The command line that prints the same list."""
    words = ["executions"]
    for field, flag in FLAGS.items():
        value = getattr(wanted, field)
        if value is not None:
            words += [flag, value.isoformat() if field == "since" else str(value)]
    return shlex.join(words)


def is_empty(wanted: ExecutionFilter) -> bool:
    """Whether it has no condition."""
    return all(getattr(wanted, field.name) is None for field in fields(wanted))


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise UsageError("missing closing quote", HELP) from None


def _field(name: str) -> str:
    known = ALSO.get(name.lower(), name.lower())
    if known not in FIELDS:
        meant = suggest(name, [*FIELDS, *ALSO], at_most=1)
        fields = f"Fields: {', '.join(FIELDS)}"
        raise UsageError(f"unknown field {name[:40]!r}", f"{meant} {fields}".lstrip())
    return known


def _value(field: str, value: str) -> object:
    if not value:
        raise UsageError(f"{field}= has no value", HELP)
    if field == "status":
        return _status(value)
    return parse_time(value, f"{field}=") if field in ("since", "until") else value


def _status(value: str) -> str:
    """A status, or the beginning of exactly one."""
    found = [status for status in STATUSES if status.startswith(value.lower())]
    if len(found) != 1:
        raise UsageError(f"status={value[:40]} is not a status", f"Use one of {', '.join(STATUSES)}")
    return found[0]

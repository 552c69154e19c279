"""Long lists in pages, from both ends, with a cursor for each row.

The database's libraries are loaded by the thread that reads the first page, not by the one that paints.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Generic, TypeVar

from ..backend.database import definitions, executions, messages
from ..backend.database.executions import stf_counts
from ..backend.database.records.messages import MessageFilter, MessageSummary
from ..backend.database.records.workflows import (
    DefinitionSummary,
    ExecutionFilter,
    ExecutionSummary,
)

if TYPE_CHECKING:
    from .context import ConsoleContext

T = TypeVar("T")

COUNT_CAP = 10_001


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """Rows with their cursors, and whether more follow."""

    items: tuple[T, ...]
    cursors: tuple[str, ...]
    more: bool


def _paged(items: tuple[T, ...], following: str | None, cursor: Callable[[T], str]) -> ListPage[T]:
    return ListPage(items, tuple(map(cursor, items)), following is not None)


@dataclass(frozen=True, slots=True)
class ListedExecution(ExecutionSummary):
    """An execution and its number of STFs; None if unknown, at most 10,001 for a running one."""

    stf_count: int | None


def _listed(one: ExecutionSummary, stf_count: int | None) -> ListedExecution:
    return ListedExecution(
        **{each.name: getattr(one, each.name) for each in fields(ExecutionSummary)}, stf_count=stf_count
    )


@dataclass(frozen=True, slots=True)
class ExecutionsListed:
    """The `wanted` executions, in an order of `database.executions`; descending is newest first."""

    context: "ConsoleContext"
    wanted: ExecutionFilter = field(default_factory=ExecutionFilter)
    order_by: str = "started"
    descending: bool = True

    def page(self, after: str | None, limit: int, *, backwards: bool = False) -> ListPage[ListedExecution]:
        """The rows after a cursor, or backwards those before it; blocks."""
        with self.context.database().read() as connection:
            found = executions.page(
                connection,
                self.wanted,
                after,
                limit,
                newest_first=self.descending is not backwards,
                order_by=self.order_by,
            )
            counts = stf_counts(connection, found.items)
        items = tuple(_listed(one, counts.get(one.execution_id)) for one in found.items)
        return _paged(items, found.next, lambda one: executions.cursor(one, self.order_by))

    def count(self) -> tuple[int, bool]:
        """The number of rows, and whether it is exact (else a lower bound). Blocks."""
        with self.context.database().read() as connection:
            return _capped(executions.count(connection, self.wanted))


@dataclass(frozen=True, slots=True)
class MessagesListed:
    """The recorded messages of one execution, oldest first."""

    context: "ConsoleContext"
    execution_id: str
    message_type: str | None = None

    def page(self, after: str | None, limit: int, *, backwards: bool = False) -> ListPage[MessageSummary]:
        """The rows after a cursor, or backwards those before it; blocks."""
        with self.context.database().read() as connection:
            found = messages.page(connection, self._wanted, after, limit, newest_first=backwards)
        return _paged(found.items, found.next, messages.cursor)

    def count(self) -> tuple[int, bool]:
        """The number of rows, and whether it is exact (else a lower bound). Blocks."""
        with self.context.database().read() as connection:
            return _capped(messages.count(connection, self._wanted))

    @property
    def _wanted(self) -> MessageFilter:
        return MessageFilter(execution_id=self.execution_id, message_type=self.message_type)


@dataclass(frozen=True, slots=True)
class DefinitionsListed:
    """Workflow definitions, newest first."""

    context: "ConsoleContext"
    workflow_name: str | None = None

    def page(self, after: str | None, limit: int, *, backwards: bool = False) -> ListPage[DefinitionSummary]:
        """The rows after a cursor, or backwards those before it; blocks."""
        with self.context.database().read() as connection:
            found = definitions.page(connection, self.workflow_name, after, limit, newest_first=not backwards)
        return _paged(found.items, found.next, definitions.cursor)

    def count(self) -> tuple[int, bool]:
        """The number of rows, and whether it is exact (else a lower bound). Blocks."""
        with self.context.database().read() as connection:
            return _capped(definitions.count(connection, self.workflow_name))


def _capped(counted: int) -> tuple[int, bool]:
    return (COUNT_CAP - 1, False) if counted >= COUNT_CAP else (counted, True)

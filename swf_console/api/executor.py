"""Where requests are carried out: reads in a few threads, writes by the writer of the database."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from ..backend.core.errors import BackendUnreachable, DatabaseUnusable
from ..backend.database.connection.group_commit import open_writer
from ..backend.http_server.responses import encode
from .operation import Answer, Asked, Operation

if TYPE_CHECKING:
    from ..backend.database import Connection, Database
    from .stream.broadcaster import Hub

T = TypeVar("T")

READERS = 8


class Desk:
    """The database and its threads; `errors` counts what they met, by kind."""

    def __init__(self, database: "Database", hub: "Hub") -> None:
        self.database, self.hub = database, hub
        self.errors: Counter[str] = Counter()
        self.writer = open_writer(database)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    async def carry_out(self, operation: Operation, asked: Asked) -> tuple[bytes, int]:
        """Do what was asked; the answer's body and status."""
        try:
            if operation.writes:
                answer = await self._write(operation, asked)
            else:
                answer = await self.read(lambda connection: _encoded(operation.handler(connection, asked)))
        except (DatabaseUnusable, BackendUnreachable):
            self.errors["database"] += 1
            raise
        if answer.published:
            self.hub.publish(answer.published)
        body = answer.document if isinstance(answer.document, bytes) else encode(answer.document)
        return body, answer.status

    async def read(self, job: "Callable[[Connection], T]") -> T:
        """What `job` reads."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._reading, job)

    async def apart(self, job: Callable[[], T]) -> T:
        """What `job` makes, away from the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, job)

    def close(self) -> None:
        """Finish what was begun."""
        self.writer.close()
        self._readers.shutdown()

    async def _write(self, operation: Operation, asked: Asked) -> Answer:
        if operation.together is not None and not asked.many:
            future = self.writer.submit_together(operation.together, asked, operation.patience)
        else:
            future = self.writer.submit(lambda connection: operation.handler(connection, asked))
        answer = await asyncio.wrap_future(future)
        return await self.apart(lambda: _encoded(answer)) if asked.many else answer

    def _reading(self, job: "Callable[[Connection], T]") -> T:
        with self.database.read() as connection:
            return job(connection)


def _encoded(answer: Answer) -> Answer:
    return Answer(encode(answer.document), answer.status, answer.published)

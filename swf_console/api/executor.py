"""Executes requests: reads in a few threads, writes by the database's writer."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ..backend.core.errors import BackendUnreachable, DatabaseUnusable
from ..backend.database import Connection, Database
from ..backend.database.connection.group_commit import open_writer
from ..backend.database.records.messages import NewMessage
from ..backend.http_server.responses import encode
from .operation import Operation, Request, Response

T = TypeVar("T")

READERS = 8


class RequestExecutor:
    """The database and its threads. `publish` gets recorded messages; `errors` counts failures by backend."""

    def __init__(self, database: Database, publish: Callable[[Sequence[NewMessage]], None]) -> None:
        self.database, self._publish = database, publish
        self.errors: Counter[str] = Counter()
        self.writer = open_writer(database)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    async def execute(self, operation: Operation, request: Request) -> tuple[bytes, int]:
        """Execute a request; returns the response's body and status."""
        try:
            if operation.writes:
                response = await self._write(operation, request)
            else:
                response = await self.read(
                    lambda connection: _encoded(operation.handler(connection, request))
                )
        except (DatabaseUnusable, BackendUnreachable):
            self.errors["database"] += 1
            raise
        if response.published:
            self._publish(response.published)
        document = response.document
        return document if isinstance(document, bytes) else encode(document), response.status

    async def read(self, job: Callable[[Connection], T]) -> T:
        """Run `job` in a read transaction; returns its result."""
        return await self.in_thread(lambda: self._read(job))

    async def in_thread(self, job: Callable[[], T]) -> T:
        """Run `job` in a thread; returns its result."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, job)

    def close(self) -> None:
        """Finish running requests and close the threads."""
        self.writer.close()
        self._readers.shutdown()

    async def _write(self, operation: Operation, request: Request) -> Response:
        if operation.batch_handler is not None and not request.bulk:
            future = self.writer.submit_batched(operation.batch_handler, request, operation.batch_seconds)
        else:
            future = self.writer.submit(lambda connection: operation.handler(connection, request))
        response = await asyncio.wrap_future(future)
        return await self.in_thread(lambda: _encoded(response)) if request.bulk else response

    def _read(self, job: Callable[[Connection], T]) -> T:
        with self.database.read() as connection:
            return job(connection)


def _encoded(response: Response) -> Response:
    return Response(encode(response.document), response.status, response.published)

"""A client that repeats recorded messages, late and in random order, and sends garbage."""

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stomp
from sqlalchemy import select

from swf_console.backend.core.destinations import (
    EPICTOPIC,
    MONITORING_QUEUE,
    RESULTS_QUEUE,
    SLICES_QUEUE,
    WORKERS_TOPIC,
)
from swf_console.backend.database import Database
from swf_console.backend.database.tables.workflows import messages

LOOK_SECONDS = 0.1
DESTINATIONS = (EPICTOPIC, WORKERS_TOPIC, SLICES_QUEUE, RESULTS_QUEUE, MONITORING_QUEUE)
TYPES = (
    "run_imminent",
    "start_run",
    "stf_gen",
    "stf_ready",
    "tf_file_registered",
    "pause_run",
    "resume_run",
    "end_run",
    "run_imminent_worker",
    "slice",
    "slice_result",
)
VALUES: tuple[Any, ...] = (
    None,
    -1,
    1e300,
    True,
    [],
    {},
    "",
    "\0",
    "x" * 5000,
    "../../etc/passwd\n",
    {"result": {"result": 3}},
)
FIELDS = ("run_id", "filename", "sequence", "tf_filename", "stf_filename", "tf_first", "content")
BODIES = ("", "no JSON", "[1, 2]", '"text"', "{", '{"msg_type": 7}', "\ufffd" * 100)


class MessageRepeater:
    """Repeats the messages of the message table, shuffled; every other one without its id."""

    def __init__(self, database: Database, address: tuple[str, int], login: tuple[str, str]) -> None:
        self._database = database
        self._random = random.Random(3)
        self._stomp: Any = stomp.Connection12([address])
        self._stomp.connect(*login, wait=True)
        self._repeated: set[str] = set()
        self.sent = 0

    @contextmanager
    def repeating(self) -> Iterator[None]:
        """Repeat all messages as they are recorded, and once more at the end of the block."""
        over = threading.Event()
        thread = threading.Thread(target=self._repeat_until, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        self._repeated.clear()
        self.repeat()

    def send_garbage(self) -> None:
        """Send garbage of every kind to every destination."""
        for destination in DESTINATIONS:
            for body in BODIES:
                self._send(destination, body)
            for msg_type in TYPES:
                for value in VALUES:
                    content = {"msg_type": msg_type, **dict.fromkeys(FIELDS, value)}
                    self._send(destination, json.dumps(content))
                    inner = dict.fromkeys(("slice_id", "tf_filename", "run_id", "result"), value)
                    self._send(destination, json.dumps(content | {"content": inner}))

    def repeat(self) -> None:
        """Repeat what was recorded and not yet repeated."""
        query = select(messages.c.message_id, messages.c.queue_name, messages.c.message_content)
        with self._database.read() as connection:
            rows = [row for row in connection.execute(query) if row.message_id not in self._repeated]
        self._repeated.update(row.message_id for row in rows)
        self._random.shuffle(rows)
        for row in rows:
            known = {"swf_message_id": row.message_id} if self.sent % 2 else {}
            self._send(row.queue_name, json.dumps(row.message_content), known)

    def close(self) -> None:
        """Disconnect."""
        self._stomp.disconnect()

    def _repeat_until(self, over: threading.Event) -> None:
        while not over.wait(LOOK_SECONDS):
            self.repeat()

    def _send(self, destination: str, body: str, headers: dict[str, str] | None = None) -> None:
        self.sent += 1
        self._stomp.send(destination, body, headers={"persistent": "true", **(headers or {})})

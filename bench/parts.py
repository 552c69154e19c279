"""The parts of a run alone, as fast as each library goes: SimPy's loop, stomp.py's sends, bulk inserts.

`python -m bench.parts PART COUNT` prints the seconds of one of them, without imports; it finds the database
and the broker of the home in its environment.
"""

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from .harness import measure
from .stage import CHECKOUT, Home

TOPIC = "/topic/epictopic"
WINDOW = 2_000
BATCH = 500
PARTS = ("SimPy", "stomp.py", "inserts")

Part = Callable[[], float]


def measure_part(home: Home, part: str, count: int) -> float:
    """The rate (1/s) of `count` of a part, in a process of its own."""
    environ = {**home.environ, "SWF_CONSOLE_HOME": str(home.path)}
    told = measure([sys.executable, "-m", "bench.parts", part, str(count)], cwd=CHECKOUT, env=environ)
    return count / float(told.output)


def simpy_loop(count: int) -> float:
    """A flat generator that waits `count` times."""
    import simpy

    env = simpy.Environment()

    def run() -> Any:
        for _ in range(count):
            yield env.timeout(2.0)

    env.process(run())
    return _seconds(env.run)


def windowed_sends(count: int) -> float:
    """stomp.py, a receipt for each message, at most `WINDOW` of them open."""
    import stomp

    from swf_console.backend.core.settings import load_settings
    from swf_console.backend.messaging.endpoint import running_broker

    where = running_broker(load_settings())
    window, last, left = threading.Semaphore(WINDOW), threading.Event(), [count]

    class Receipts(stomp.ConnectionListener):
        def on_receipt(self, _frame: Any) -> None:
            window.release()
            left[0] -= 1
            if not left[0]:
                last.set()

    connection = stomp.Connection12([(where.host, where.port)], try_loopback_connect=False)
    connection.set_listener("receipts", Receipts())
    connection.connect(where.user, where.password, wait=True)
    bodies = [(str(uuid.uuid4()), json.dumps(_content(number))) for number in range(count)]

    def send() -> None:
        for identity, body in bodies:
            window.acquire()
            headers = {"persistent": "true", "swf_message_id": identity}
            connection.send(TOPIC, body, "application/json", headers, receipt=identity)
        last.wait()

    seconds = _seconds(send)
    connection.disconnect()
    return seconds


def bulk_inserts(count: int) -> float:
    """Core's multi-row statements in transactions of `BATCH`, and the marks of delivery likewise."""
    from sqlalchemy import bindparam, update

    from swf_console.backend.core.settings import load_settings
    from swf_console.backend.database import open_database
    from swf_console.backend.database.tables.workflows import messages

    database = open_database(load_settings().database_url)
    rows = [_row(number) for number in range(count)]
    mark = update(messages).where(messages.c.message_id == bindparam("one"))
    mark = mark.values(delivered_at=bindparam("at"))

    def insert() -> None:
        for first in range(0, count, BATCH):
            batch = rows[first : first + BATCH]
            with database.write() as connection:
                connection.execute(messages.insert(), batch)
            with database.write() as connection:
                connection.execute(mark, [{"one": row["message_id"], "at": row["sent_at"]} for row in batch])

    seconds = _seconds(insert)
    database.close()
    return seconds


def _row(number: int) -> dict[str, Any]:
    return {
        "message_id": str(uuid.uuid4()),
        "message_type": "stf_gen",
        "sent_at": datetime.now(UTC),
        "message_content": _content(number),
        "namespace": "bench",
        "execution_id": "stf_datataking-bench-0000",
        "run_id": "100010",
        "sender_agent": "STF_Datataking-agent-bench-1",
        "queue_name": TOPIC,
    }


def _content(number: int) -> dict[str, Any]:
    return {
        "msg_type": "stf_gen",
        "filename": f"swf.100010.{number:06d}.stf",
        "sequence": number,
        "state": "run",
        "substate": "physics",
        "namespace": "bench",
        "execution_id": "stf_datataking-bench-0000",
        "sender": "STF_Datataking-agent-bench-1",
        "run_id": "100010",
        "timestamp": datetime.now(UTC).isoformat(),
        "simulation_tick": 11.1 + 2.0 * number,
    }


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main(arguments: Sequence[str]) -> None:
    """Measure one part."""
    part, count = arguments[0], int(arguments[1])
    work = dict(zip(PARTS, (simpy_loop, windowed_sends, bulk_inserts), strict=True))[part]
    print(work(count))


if __name__ == "__main__":
    main(sys.argv[1:])

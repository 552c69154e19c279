"""The monitor without a socket: its application on an SQLite database of the test's own, asked directly."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from swf_console.api.app import build
from swf_console.api.executor import RequestExecutor
from swf_console.api.stream.broadcaster import Broadcaster
from swf_console.backend.database import Database, open_database

THIS_MACHINE = ("127.0.0.1", 40_000)
STF = "swf.100010.000001.stf"
SAMPLE = "swf.100010.000001_tf_001.tf"


class Monitor:
    """Asks the application; `database` is where it writes."""

    def __init__(self, database: Database, token: str | None = None) -> None:
        self.database, self.broadcaster = database, Broadcaster()
        self.executor = RequestExecutor(database, self.broadcaster.publish)
        self.app = build(self.executor, self.broadcaster, token)

    def ask(
        self, method: str, path: str, *, client: tuple[str, int] = THIS_MACHINE, **more: Any
    ) -> httpx.Response:
        """One request; paths begin at the root."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=client)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
                return await http.request(method, path, **more)

        return asyncio.run(send())

    def get(self, path: str, **more: Any) -> Any:
        """The JSON of a GET below /api that must succeed."""
        answer = self.ask("GET", f"/api{path}", **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, document: Any = None, status: int = 201) -> Any:
        """The JSON of a POST below /api that must answer `status`."""
        return self._send("POST", path, document, status)

    def patch(self, path: str, document: Any, status: int = 200) -> Any:
        """The JSON of a PATCH below /api that must answer `status`."""
        return self._send("PATCH", path, document, status)

    def register_sample(self, number: int = 100_010) -> dict[str, Any]:
        """A run, its first STF, and a TF sample of that; the sample's row."""
        run = self.post("/runs/", {"run_number": number, "start_time": "2026-01-01T00:00:00Z"})
        self.post("/stf-files/", {"run": run["run_id"], "stf_filename": STF})
        sample = {"stf_file": STF, "tf_filename": SAMPLE, "tf_first": 1, "tf_last": 10, "tf_count": 10}
        row: dict[str, Any] = self.post("/fastmon-files/", sample)
        return row

    def close(self) -> None:
        """Finish what was started."""
        self.executor.close()
        self.database.close()

    def _send(self, method: str, path: str, document: Any, status: int) -> Any:
        more = {} if document is None else {"json": document}
        answer = self.ask(method, f"/api{path}", **more)
        assert answer.status_code == status, answer.text
        return answer.json()


@contextmanager
def monitor_in(folder: Path, token: str | None = None) -> Iterator[Monitor]:
    """A monitor on a new database in `folder`."""
    monitor = Monitor(open_database(f"sqlite:///{folder / 'swf.db'}"), token)
    try:
        yield monitor
    finally:
        monitor.close()


def new_slice(number: int, **more: Any) -> dict[str, Any]:
    """A slice of the sample, named by its own file."""
    return {
        "slice_id": number,
        "tf_first": 1,
        "tf_last": 5,
        "tf_count": 5,
        "run_number": "100010",
        "tf_filename": f"swf.100010.000001_tf_001_slice_{number:03d}.tf",
        "stf_filename": STF,
        "status": "queued",
        "retries": 0,
        "metadata": {"created_by": "agent"},
        **more,
    }

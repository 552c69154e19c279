"""The monitor as a process, and a client that repeats requests and loses answers."""

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx

from swf_console.backend.database.connection.migrate import upgrade
from swf_console.backend.http_server.address import read_address
from swf_console.backend.services.home import write_home

from ..homes import plain_environment
from ..waiting import wait_for

SECONDS = 30.0


class MonitorProcess:
    """`swf-console monitor` in a new home, on the database of `url` (default: SQLite)."""

    def __init__(self, folder: Path, url: str | None = None, **environment: str) -> None:
        self.home, self.state_dir = folder / "home", folder / "state"
        write_home(self.home)
        if url is not None:
            upgrade(url)
            environment["SWF_DATABASE_URL"] = url
        self.environment = plain_environment(
            SWF_CONSOLE_HOME=str(self.home), SWF_STATE_DIR=str(self.state_dir), USER="shifter", **environment
        )
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self, *words: str) -> Self:
        """Start it and wait until it answers."""
        self.state_dir.mkdir(mode=0o700, exist_ok=True)
        command = [sys.executable, "-m", "swf_console", "monitor", *(words or ("--port", "0"))]
        with (self.state_dir / "stderr.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stderr=log, text=True
            )
        wait_for(self._up, SECONDS)
        return self

    def wait_ready(self) -> None:
        """Wait until database and broker are connected."""
        wait_for(lambda: httpx.get(f"{self.url}/readyz", timeout=SECONDS).status_code == 200, SECONDS)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def end(self) -> None:
        """Kill it; its log must not contain errors."""
        self.kill()
        logs = self.state_dir / "logs" / "monitor.log"
        said = (self.state_dir / "stderr.log").read_text() + (logs.read_text() if logs.exists() else "")
        assert "Traceback" not in said, said

    def _up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.state_dir / "stderr.log").read_text()
        address = read_address(self.state_dir)
        if address is None or address.pid != self.process.pid:
            return False
        self.url = address.url
        return True


class RetryingClient:
    """A client that sends every request twice and pretends that one answer in ten was lost."""

    def __init__(self, url: str, seed: int = 1) -> None:
        self._http = httpx.Client(base_url=f"{url}/api", timeout=SECONDS)
        self._random = random.Random(seed)

    def __call__(self, method: str, path: str, document: Any = None) -> Any:
        """The JSON of the last answer; every answer must be good."""
        times = 3 if self._random.random() < 0.1 else 2
        answer: Any = None
        for _ in range(times):
            more = {} if document is None else {"json": document}
            response = self._http.request(method, path, **more)
            assert response.status_code in (200, 201), response.text
            answer = response.json()
            assert answer != ""
        return answer

    def close(self) -> None:
        """Let go."""
        self._http.close()

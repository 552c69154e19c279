"""The embedded broker as a process: started, stopped, killed, restarted."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from swf_console.backend.broker.address import BrokerAddress, read_address

from ..homes import CHECKOUT
from ..stomp_socket import StompSocket
from ..waiting import wait_for

WITH_LIMITS = """
import sys
from pathlib import Path
from swf_console.backend.broker.limits import Limits
from swf_console.backend.broker.server import serve
serve(Path(sys.argv[1]), limits=Limits(**eval(sys.argv[2])), until_idle=sys.argv[3] == "True")
"""


class BrokerProcess:
    """One broker of a state directory. `limits` replace the defaults of `Limits`."""

    def __init__(self, state_dir: Path, *arguments: str, limits: dict[str, float] | None = None) -> None:
        self.state_dir = state_dir
        self.arguments = arguments
        self.limits = limits
        self.process: subprocess.Popen[bytes] | None = None
        self.log = state_dir / "stderr.log"
        self.clients: list[StompSocket] = []

    def command(self) -> Sequence[str]:
        """The command line."""
        if self.limits is not None:
            idle = str("--until-idle" in self.arguments)
            return [sys.executable, "-c", WITH_LIMITS, str(self.state_dir), repr(self.limits), idle]
        module = "swf_console.backend.broker"
        return [sys.executable, "-m", module, "--state-dir", str(self.state_dir), *self.arguments]

    def start(self, stdin: int | IO[bytes] = subprocess.DEVNULL) -> BrokerAddress:
        """Start it and wait until it listens."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=CHECKOUT, stdin=stdin, stdout=log, stderr=log)
        address = wait_for(self._up, 10)
        assert address is not None
        return address

    def _up(self) -> BrokerAddress | None:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        address = read_address(self.state_dir)
        return address if address is not None and address.pid == self.process.pid else None

    @property
    def address(self) -> BrokerAddress:
        """The address that it wrote last."""
        found = read_address(self.state_dir)
        assert found is not None
        return found

    def connect(self, version: str = "1.2", **headers: object) -> StompSocket:
        """A connected client; closed by `end`."""
        address = self.address
        client = StompSocket(address.host, address.port)
        self.clients.append(client)
        answer = client.connect(address.user, address.password, version, **headers)
        assert answer.command == "CONNECTED", answer
        return client

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def end(self) -> None:
        """Kill it and close every client; its log must not contain errors."""
        self.kill()
        for client in self.clients:
            client.close()
        log = self.log.read_text()
        assert "Traceback" not in log, log
        assert " ERROR " not in log, log

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(5)

    def memory(self) -> int:
        """Resident bytes."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024

"""URLs of servers, and `monitor.json`: written when the monitor listens, removed when it stops."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..core.files import read_json, write_private

FILE = "monitor.json"


@dataclass(frozen=True, slots=True)
class MonitorAddress:
    """The content of `monitor.json`."""

    tls: bool
    host: str
    port: int
    pid: int

    @property
    def url(self) -> str:
        """The base URL for a program on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 (not bound here)
        return base_url(host, self.port, tls=self.tls)


def base_url(host: str, port: int, *, tls: bool = False) -> str:
    """The URL of a server without a path; an IPv6 address in brackets."""
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def read_address(state_dir: Path) -> MonitorAddress | None:
    """The address of this state directory's monitor; None if none is running."""
    found = read_json(state_dir / FILE)
    try:
        address = MonitorAddress(
            bool(found["tls"]), str(found["host"]), int(found["port"]), int(found["pid"])
        )
        os.kill(address.pid, 0)
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return address


def write_address(state_dir: Path, address: MonitorAddress) -> None:
    """Write the address atomically, readable for the user only."""
    write_private(state_dir / FILE, json.dumps(asdict(address)))


def forget_address(state_dir: Path, pid: int) -> None:
    """Remove the address if it is that of process `pid`."""
    address = read_address(state_dir)
    if address is not None and address.pid == pid:
        with suppress(OSError):
            (state_dir / FILE).unlink()

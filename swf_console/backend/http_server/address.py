"""Where the monitor of a home is: `monitor.json`, written when it listens, removed when it ends."""

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
        """The base of its URLs, as a program on this machine reaches it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 (not bound here)
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.tls else 'http'}://{shown}:{self.port}"


def read_address(state_dir: Path) -> MonitorAddress | None:
    """Where the monitor of this state directory is; None where none lives."""
    try:
        told = read_json(state_dir / FILE)
        address = MonitorAddress(bool(told["tls"]), str(told["host"]), int(told["port"]), int(told["pid"]))
        os.kill(address.pid, 0)
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return address


def write_address(state_dir: Path, address: MonitorAddress) -> None:
    """Say in one step where the monitor is; only the user can read it."""
    write_private(state_dir / FILE, json.dumps(asdict(address)))


def forget_address(state_dir: Path, pid: int) -> None:
    """The monitor of that process has ended."""
    address = read_address(state_dir)
    if address is not None and address.pid == pid:
        with suppress(OSError):
            (state_dir / FILE).unlink()

"""Environment and command line become one frozen Settings; nothing else reads the environment."""

import os
import re
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from .errors import UsageError

LOOPBACK = "127.0.0.1"
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
BROKER_VARIABLES = (
    "ACTIVEMQ_HOST",
    "ACTIVEMQ_PORT",
    "ACTIVEMQ_USER",
    "ACTIVEMQ_PASSWORD",
    "ACTIVEMQ_USE_SSL",
    "ACTIVEMQ_SSL_CA_CERTS",
    "ACTIVEMQ_SSL_CERT_FILE",
    "ACTIVEMQ_SSL_KEY_FILE",
)


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the STOMP broker is and how to enter. TLS asked for is never traded for plain text."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca_certs: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True)
class Settings:
    """Everything that the environment decides. `broker` is None where the embedded broker is used."""

    home: Path
    state_dir: Path
    user: str
    host: str
    database_url: str = field(repr=False)
    broker: BrokerSettings | None = None
    broker_port: int | None = None
    testbed_config: Path | None = None
    monitor_url: str | None = None
    api_token: str | None = field(default=None, repr=False)
    outage_limit: float = 300.0
    lease_seconds: float = 15.0

    @cached_property
    def workflows_dir(self) -> Path:
        """Where workflows and configurations live; nothing outside it is ever loaded."""
        return self.home / "workflows"

    @cached_property
    def logs_dir(self) -> Path:
        """Where log files go; made on first use."""
        return private_directory(self.state_dir / "logs")


def load_settings(
    environ: Mapping[str, str] | None = None,
    *,
    home: str | Path | None = None,
    testbed_config: str | Path | None = None,
    start: Path | None = None,
) -> Settings:
    """Read the environment (or `environ`) into Settings, making the state directory (mode 0700).

    `home` and `testbed_config` are the command line's and win over the environment.
    Raises UsageError where there is no home, or a variable's value cannot be used.
    """
    env = os.environ if environ is None else environ
    found_home = find_home(env, home, start or Path.cwd())
    user = find_user(env)
    state_dir = find_state_dir(env, found_home)
    testbed = testbed_config or env.get("SWF_TESTBED_CONFIG") or None
    return Settings(
        home=found_home,
        state_dir=state_dir,
        user=user,
        host=socket.gethostname() or "localhost",
        database_url=env.get("SWF_DATABASE_URL") or f"sqlite:///{state_dir / 'swf.db'}",
        broker=find_broker(env),
        broker_port=_number(env, "SWF_BROKER_PORT", None, 0, 65535),
        testbed_config=Path(testbed).expanduser() if testbed else None,
        monitor_url=(env.get("SWF_MONITOR_URL") or "").rstrip("/") or None,
        api_token=env.get("SWF_API_TOKEN") or None,
        outage_limit=_seconds(env, "SWF_OUTAGE_LIMIT", 300.0),
        lease_seconds=_seconds(env, "SWF_LEASE_SECONDS", 15.0),
    )


def with_broker(settings: Settings, broker: BrokerSettings) -> Settings:
    """The same settings, once the embedded broker's address is known."""
    return replace(settings, broker=broker)


def find_home(env: Mapping[str, str], given: str | Path | None, start: Path) -> Path:
    """`--home`, else SWF_CONSOLE_HOME, else the nearest parent of `start` with workflows/testbed.toml."""
    named = given or env.get("SWF_CONSOLE_HOME")
    if named:
        home = Path(named).expanduser().resolve()
        if not (home / "workflows").is_dir():
            raise UsageError(
                f"{home} is no home: it has no workflows/ folder",
                "Give --home or SWF_CONSOLE_HOME a home, or make one: swf-console init DIR",
            )
        return home
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "workflows" / "testbed.toml").is_file():
            return folder
    raise UsageError(
        f"no home here: neither {start} nor a folder above it has workflows/testbed.toml",
        "Go to one, give --home, or make one: swf-console init DIR",
    )


def find_user(env: Mapping[str, str]) -> str:
    """The user's name as it appears in execution ids: from the system, where USER is unset too."""
    name = env.get("USER") or env.get("LOGNAME")
    if not name:
        import pwd

        try:
            name = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            name = f"uid{os.getuid()}"
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:50]


def find_state_dir(env: Mapping[str, str], home: Path) -> Path:
    """SWF_STATE_DIR, else `.state` in a home that the user owns, else one in the XDG state directory."""
    named = env.get("SWF_STATE_DIR")
    if named:
        return private_directory(Path(named).expanduser().absolute())
    if home.stat().st_uid == os.getuid() and os.access(home, os.W_OK):
        return private_directory(home / ".state")
    base = env.get("XDG_STATE_HOME") or Path(env.get("HOME") or Path.home()) / ".local" / "state"
    return private_directory(Path(base) / "swf-console" / str(home).strip("/").replace("/", "_")[-120:])


def private_directory(path: Path) -> Path:
    """Make `path` a directory that only its owner can enter, and return it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(path.stat().st_mode) != 0o700:
            path.chmod(0o700)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be used as a directory of ours: {error.strerror}",
            "Set SWF_STATE_DIR to a directory that you own",
        ) from error
    return path


def find_broker(env: Mapping[str, str]) -> BrokerSettings | None:
    """The broker that ACTIVEMQ_* describe, or None where none of them is set."""
    if not any(env.get(name) for name in BROKER_VARIABLES):
        return None
    tls = _flag(env, "ACTIVEMQ_USE_SSL")
    return BrokerSettings(
        host=env.get("ACTIVEMQ_HOST") or "localhost",
        port=_number(env, "ACTIVEMQ_PORT", 61612, 1, 65535) or 61612,
        user=env.get("ACTIVEMQ_USER", ""),
        password=env.get("ACTIVEMQ_PASSWORD", ""),
        tls=tls,
        ca_certs=_file(env, "ACTIVEMQ_SSL_CA_CERTS") if tls else None,
        cert_file=_file(env, "ACTIVEMQ_SSL_CERT_FILE") if tls else None,
        key_file=_file(env, "ACTIVEMQ_SSL_KEY_FILE") if tls else None,
    )


def _flag(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name, "").strip().lower()
    if text not in TRUE | FALSE:
        raise UsageError(f"{name}={text} is neither true nor false", f"Set {name} to true or false")
    return text in TRUE


def _number(env: Mapping[str, str], name: str, default: int | None, low: int, high: int) -> int | None:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or not low <= int(text) <= high:
        raise UsageError(f"{name}={text} is no number from {low} to {high}", f"Mend or unset {name}")
    return int(text)


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise UsageError(f"{name}={text} is no positive number of seconds", f"Mend or unset {name}")
    return value


def _file(env: Mapping[str, str], name: str) -> Path | None:
    text = env.get(name)
    if not text:
        return None
    path = Path(text).expanduser()
    if not os.access(path, os.R_OK):
        raise UsageError(
            f"{name}={text} cannot be read", "TLS was asked for: plain text is no way out"
        )
    return path

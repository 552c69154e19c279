"""Environment and command line in one frozen Settings; no other module reads the environment."""

import errno
import os
import pwd
import re
import socket
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from .errors import DiskFull, UsageError

LOOPBACK = "127.0.0.1"
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
# set beside ACTIVEMQ_* of the embedded broker: its port changes with every start
EMBEDDED_BROKER = "SWF_EMBEDDED_BROKER"
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
    """Address and credentials of the STOMP broker. If TLS is requested, plain text is never used."""

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
    """Everything that the environment decides. `broker` is None for the embedded broker."""

    home: Path
    state_dir: Path
    user: str
    host: str
    database_url: str = field(repr=False)
    broker: BrokerSettings | None = None
    broker_port: int | None = None
    broker_sync: str = "full"
    testbed_config: Path | None = None
    monitor_url: str | None = None
    api_token: str | None = field(default=None, repr=False)
    outage_limit: float = 300.0
    lease_seconds: float = 15.0
    instance: str = ""

    @cached_property
    def workflows_dir(self) -> Path:
        """The folder of workflows and configurations; nothing outside it is loaded."""
        return self.home / "workflows"

    @cached_property
    def logs_dir(self) -> Path:
        """The folder of log files; created on first use."""
        return private_directory(self.state_dir / "logs")


def load_settings(
    environ: Mapping[str, str] | None = None,
    *,
    home: str | Path | None = None,
    testbed_config: str | Path | None = None,
    start: Path | None = None,
) -> Settings:
    """Read the environment (or `environ`) into Settings, and create the state directory (mode 0700).

    `home` and `testbed_config` come from the command line and override the environment.
    Raises UsageError if no home is found or a variable has an invalid value.
    """
    env = os.environ if environ is None else environ
    found_home = find_home(env, home, start)
    user = find_user(env)
    state_dir = find_state_dir(env, found_home)
    testbed = testbed_config or env.get("SWF_TESTBED_CONFIG") or None
    return Settings(
        home=found_home,
        state_dir=state_dir,
        user=user,
        host=socket.gethostname() or "localhost",
        database_url=env.get("SWF_DATABASE_URL") or sqlite_url(state_dir / "swf.db"),
        broker=find_broker(env),
        broker_port=_number(env, "SWF_BROKER_PORT", None, 0, 65535),
        broker_sync=_choice(env, "SWF_BROKER_SYNC", ("full", "normal")),
        testbed_config=_path(testbed) if testbed else None,
        monitor_url=(env.get("SWF_MONITOR_URL") or "").rstrip("/") or None,
        api_token=env.get("SWF_API_TOKEN") or None,
        outage_limit=_seconds(env, "SWF_OUTAGE_LIMIT", 300.0),
        lease_seconds=_seconds(env, "SWF_LEASE_SECONDS", 15.0),
        instance=find_instance(env),
    )


def find_home(env: Mapping[str, str], given: str | Path | None, start: Path | None = None) -> Path:
    """`--home`, else SWF_CONSOLE_HOME, else the nearest folder upwards with workflows/testbed.toml."""
    named = given or env.get("SWF_CONSOLE_HOME")
    if named:
        home = _path(named).resolve()
        if not _exists(home / "workflows", stat.S_ISDIR):
            raise UsageError(
                f"{home} is not a home: it has no workflows/ folder",
                "Set --home or SWF_CONSOLE_HOME to a home, or create one: swf-console init DIR",
            )
        return home
    here = (start or _working_directory()).resolve()
    for folder in (here, *here.parents):
        if _exists(folder / "workflows" / "testbed.toml", stat.S_ISREG):
            return folder
    raise UsageError(
        f"no home found: neither {here} nor a folder above it has workflows/testbed.toml",
        "Change to a home, use --home DIR, or create one: swf-console init DIR",
    )


def find_user(env: Mapping[str, str]) -> str:
    """The user's name for execution ids: from USER, LOGNAME, or the password database."""
    name = env.get("USER") or env.get("LOGNAME")
    if not name:
        try:
            name = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            name = f"uid{os.getuid()}"
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:50]


def find_state_dir(env: Mapping[str, str], home: Path) -> Path:
    """SWF_STATE_DIR, else `.state` in a home that the user owns, else one in the XDG state directory."""
    named = env.get("SWF_STATE_DIR")
    if named:
        return private_directory(_path(named).absolute())
    if home.stat().st_uid == os.getuid() and os.access(home, os.W_OK):
        return private_directory(home / ".state")
    import hashlib

    # The digest separates homes of one name. The name stays short: the path of an AF_UNIX socket below it
    # has at most 107 bytes.
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return private_directory(_xdg_state(env) / "swf-console" / f"{home.name[:30]}-{mark}")


def private_directory(path: Path) -> Path:
    """Create `path` with mode 0700, or restrict it to that, and return it. Raises UsageError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
        if found.st_mode & stat.S_ISVTX or found.st_uid != os.getuid():
            raise PermissionError(errno.EPERM, "it belongs to another user or is shared")
        if stat.S_IMODE(found.st_mode) != 0o700:
            path.chmod(0o700)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = "Free space or inodes on its disk, or set SWF_STATE_DIR to another disk"
            raise DiskFull(f"{path}: cannot be created: {error.strerror}", advice) from error
        raise UsageError(
            f"{path}: cannot be used as state directory: {error.strerror}",
            "Set SWF_STATE_DIR to a directory that you own",
        ) from error
    return path


def sqlite_url(path: Path) -> str:
    """The address of an SQLite file; the path is not URL-encoded."""
    return f"sqlite:///{path}"


def find_instance(env: Mapping[str, str]) -> str:
    """The number of this process in its supervisord group, `0` for `slice-worker-0`; "" for a single one."""
    process, group = env.get("SUPERVISOR_PROCESS_NAME", ""), env.get("SUPERVISOR_GROUP_NAME", "")
    return process.removeprefix(f"{group}-") if group and process.startswith(f"{group}-") else ""


def find_broker(env: Mapping[str, str]) -> BrokerSettings | None:
    """The broker that ACTIVEMQ_* describe; None if none is set, or they are the embedded broker's."""
    if env.get(EMBEDDED_BROKER) or not any(env.get(name) for name in BROKER_VARIABLES):
        return None
    tls = _flag(env, "ACTIVEMQ_USE_SSL")
    if tls and env.get("ACTIVEMQ_SSL_KEY_FILE") and not env.get("ACTIVEMQ_SSL_CERT_FILE"):
        raise UsageError("ACTIVEMQ_SSL_KEY_FILE is set without ACTIVEMQ_SSL_CERT_FILE", "Set both or neither")
    return BrokerSettings(
        host=_host(env, "ACTIVEMQ_HOST", "localhost"),
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
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise UsageError(f"{name}={text} is not a number from {low} to {high}", f"Fix or unset {name}")
    return int(text)


def _choice(env: Mapping[str, str], name: str, values: tuple[str, ...]) -> str:
    """One of `values`, the first by default."""
    text = env.get(name, "").strip() or values[0]
    if text not in values:
        raise UsageError(f"{name}={text} is not one of {', '.join(values)}", f"Fix or unset {name}")
    return text


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise UsageError(f"{name}={text} is not a positive number of seconds", f"Fix or unset {name}")
    return value


def _host(env: Mapping[str, str], name: str, default: str) -> str:
    text = env.get(name, "").strip()
    if re.search(r"[\s/@]", text) or text.count(":") == 1:
        raise UsageError(
            f"{name}={text} is not a host name",
            f"Set {name} to the host name only, and ACTIVEMQ_PORT to the port",
        )
    return text or default


def _file(env: Mapping[str, str], name: str) -> Path | None:
    text = env.get(name)
    if not text:
        return None
    path = _path(text)
    if not _exists(path, stat.S_ISREG) or not os.access(path, os.R_OK):
        raise UsageError(
            f"{name}={text} cannot be read", "Fix the path or its permissions; ACTIVEMQ_USE_SSL is set"
        )
    return path.absolute()


def _path(text: str | Path) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{text}: no home directory of this user", "Write the path without ~") from error


def _exists(path: Path, kind: Callable[[int], bool]) -> bool:
    """Whether the file exists and is of this kind; False also where permission is missing."""
    try:
        return kind(path.stat().st_mode)
    except OSError:
        return False


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise UsageError(
            "the working directory was deleted", "Change to a home, or use --home DIR"
        ) from error


def _xdg_state(env: Mapping[str, str]) -> Path:
    base = env.get("XDG_STATE_HOME", "")
    if Path(base).is_absolute():
        return Path(base)
    try:
        return Path(env.get("HOME") or Path.home()) / ".local" / "state"
    except RuntimeError as error:
        raise UsageError("no home directory found for the state directory", "Set SWF_STATE_DIR") from error


def program_environment(settings: Settings) -> dict[str, str]:
    """The environment of a program of this home: ours, with home, state directory and files set."""
    environment = dict(os.environ)
    environment["SWF_CONSOLE_HOME"] = str(settings.home)
    environment["SWF_STATE_DIR"] = str(settings.state_dir)
    if settings.testbed_config:
        environment["SWF_TESTBED_CONFIG"] = str(settings.testbed_config.absolute())
    return environment

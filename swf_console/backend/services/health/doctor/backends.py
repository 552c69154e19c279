"""What the doctor asks of broker, database and supervisord: reached, secured, writable, on time."""

import shutil
import ssl
from collections.abc import Callable
from datetime import UTC, datetime

from ....core.errors import BackendUnreachable
from ....core.format import size
from ....core.settings import BrokerSettings, Settings
from ....database import Database, agents
from ....database.connection import urls
from ....database.connection.engine import server_time
from ....database.records.agents import Heartbeat
from ....supervisor.base import DaemonState, ProcessState, Supervisor
from ...agents.snapshot import SupervisorSnapshot
from ...agents.status import probe_supervisor
from ...database import opened
from ..broker import probe_broker
from ..connection import Connectivity
from ..database import probe_database, silent_database
from ..probe import Probe
from .checks import Check, Question, fail, ok, warn

PATIENCE = 5.0
CLOCK_SECONDS = 1.0
LITTLE = 1_000_000_000
EXPIRES_SOON = 30 * 86400.0
LOST = (ProcessState.FATAL, ProcessState.BACKOFF, ProcessState.EXITED)


def check_broker(settings: Settings) -> Check:
    """The broker that executions will use."""
    look = probe_broker(settings, PATIENCE)
    if look.health is Connectivity.DOWN:
        return fail("broker", look.error or "no answer", look.advice, BackendUnreachable.exit_code)
    if look.health is Connectivity.IDLE:
        return ok("broker", "embedded, not running: the next run starts it")
    if settings.broker and not settings.broker.tls and not _is_local(settings.broker.host):
        advice = "Set ACTIVEMQ_USE_SSL=true where the broker offers TLS"
        return warn("broker", f"{look.place}, {look.server}: passwords go there in plain text", advice)
    return ok("broker", ", ".join(part for part in (look.kind, look.place, look.server) if part))


def check_tls(settings: Settings) -> Check:
    """The files that TLS needs: read as the connection would read them."""
    broker = settings.broker
    if broker is None or not broker.tls:
        return ok("TLS", "not used")
    try:
        context = ssl.create_default_context(cafile=str(broker.ca_certs) if broker.ca_certs else None)
        if broker.cert_file:
            context.load_cert_chain(broker.cert_file, broker.key_file)
    except (ssl.SSLError, OSError) as error:
        advice = "Mend ACTIVEMQ_SSL_CA_CERTS, ACTIVEMQ_SSL_CERT_FILE and ACTIVEMQ_SSL_KEY_FILE"
        return fail("TLS", f"a certificate cannot be used: {error}", advice)
    return _expiry(broker, context)


def check_database(settings: Settings) -> Check:
    """The database: there, of this version, and answering in time."""
    asked = Probe(lambda: probe_database(settings))
    look = asked.within(PATIENCE, lambda: silent_database(settings, PATIENCE))
    if look.health is Connectivity.IDLE:
        return ok("database", f"{look.place}, not there yet: the next run makes it")
    if look.health is Connectivity.UP:
        return ok("database", f"{look.place}, version {look.version}")
    code = BackendUnreachable.exit_code if look.health is Connectivity.DOWN else 2
    return fail("database", look.error or "no answer", look.advice, code)


def check_database_writable(settings: Settings) -> Check:
    """A row is written and taken back."""

    def write(database: Database) -> Check:
        try:
            with database.write() as connection:
                agents.heartbeat(connection, Heartbeat("doctor", "other", "OK", datetime.now(UTC)))
                raise _TakenBack
        except _TakenBack:
            return ok("database writable", "a row was written and taken back")

    return _of_database(settings, "database writable", write)


def check_database_space(settings: Settings) -> Check:
    """The space left where an SQLite file lies; a server's own is not seen from here."""
    file = urls.file_of(urls.parse(settings.database_url))
    if file is None:
        return ok("database space", "the server's own")
    free = shutil.disk_usage(file.parent).free
    if free < LITTLE:
        return warn("database space", f"{size(free)} free at {file.parent}", "Free space there")
    used = file.stat().st_size if file.exists() else 0
    return ok("database space", f"{size(used)} used, {size(free)} free at {file.parent}")


def check_clock(settings: Settings) -> Check:
    """The difference between this host's clock and the database's, by which leases are measured."""

    def compare(database: Database) -> Check:
        with database.read() as connection:
            before = datetime.now(UTC)
            theirs = server_time(connection)
            after = datetime.now(UTC)
        apart = (theirs - (before + (after - before) / 2)).total_seconds()
        found = f"{abs(apart):.3f} s from the database's"
        if abs(apart) > CLOCK_SECONDS:
            return warn(
                "clock", found, "Set this host's clock, or the server's: times of messages will not fit"
            )
        return ok("clock", found)

    return _of_database(settings, "clock", compare)


def check_supervisord(settings: Settings, supervisor: Supervisor | None = None) -> Check:
    """supervisord (that of the home), and whether a program of it has failed."""
    silent = SupervisorSnapshot(
        "silent", f"no answer within {PATIENCE:g} s", "See what its process waits for"
    )
    look = Probe(lambda: probe_supervisor(settings, supervisor)).within(PATIENCE, lambda: silent)
    if look.state in (DaemonState.ABSENT, DaemonState.STALE):
        return ok("supervisord", "does not run: the first agent that is started starts it")
    if look.state != DaemonState.RUNNING:
        return fail("supervisord", look.message or look.state, look.advice, BackendUnreachable.exit_code)
    running = sum(one.state is ProcessState.RUNNING for one in look.processes)
    found = f"pid {look.pid}, {running} of {len(look.processes)} programs run"
    if lost := [one for one in look.processes if one.state in LOST]:
        states = ", ".join(f"{one.name} is {one.state}" for one in lost)
        advice = f"Its log says why: swf-console agents logs {lost[0].name}"
        return warn("supervisord", f"{found}, {states}", advice)
    return ok("supervisord", found)


def _of_database(settings: Settings, name: str, question: Callable[[Database], Check]) -> Check:
    """Put a question to the database where there is one that can be asked."""
    asked = Probe(lambda: probe_database(settings).health)
    health = asked.within(PATIENCE, lambda: Connectivity.DOWN)
    if health is Connectivity.IDLE:
        return ok(name, "there is no database yet")
    if health is not Connectivity.UP:
        return warn(name, "not checked", "Mend the database first")
    with opened(settings) as database:
        return question(database)


def _expiry(broker: BrokerSettings, context: ssl.SSLContext) -> Check:
    """Whether the authorities' certificates will last."""
    now = datetime.now(UTC).timestamp()
    ends = [
        ssl.cert_time_to_seconds(str(each["notAfter"])) for each in context.get_ca_certs() if broker.ca_certs
    ]
    if ends and max(ends) < now:
        return fail("TLS", f"the certificate in {broker.ca_certs} has expired", "Ask for a new one")
    if ends and max(ends) < now + EXPIRES_SOON:
        days = (max(ends) - now) / 86400
        return warn(
            "TLS", f"the certificate in {broker.ca_certs} expires in {days:.0f} days", "Ask for a new one"
        )
    return ok("TLS", f"certificates can be used: {broker.ca_certs or 'those of the system'}")


def _is_local(host: str) -> bool:
    return host in {"localhost", "127.0.0.1", "::1"}


class _TakenBack(Exception):
    """Undoes a transaction."""


BACKENDS: tuple[Question, ...] = (
    check_broker,
    check_tls,
    check_database,
    check_database_writable,
    check_database_space,
    check_clock,
    check_supervisord,
)

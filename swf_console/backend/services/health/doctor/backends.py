"""Checks of broker, database and supervisord: reachable, secure, writable, clock."""

import shutil
import ssl
from collections.abc import Callable
from datetime import UTC, datetime

from ....core.errors import BackendUnreachable
from ....core.format import size
from ....core.settings import BrokerSettings, Settings
from ....database import Database, agents
from ....database.connection import urls
from ....database.connection.engine import server_encoding, server_time
from ....database.records.agents import Heartbeat
from ....messaging.embedded import find_running
from ....supervisor.base import DaemonState, ProcessState, Supervisor
from ...agents.snapshot import SupervisorSnapshot
from ...agents.status import probe_supervisor
from ...database import opened
from ...database_upgrade import check_database as database_lacks
from ..broker import BrokerProbe, probe_problems
from ..connection import Connectivity, no_answer_yet
from ..database import DatabaseHealth, DatabaseProbe
from ..probe import PATIENCE, Probe
from .checks import Check, CheckFunction, fail, listed, no_answer, ok, warn

CLOCK_SECONDS = 1.0
RESTORE = "Restore it: swf-console db upgrade"
LITTLE_SPACE = 1_000_000_000
EXPIRES_SOON = 30 * 86400.0
LOST = (ProcessState.FATAL, ProcessState.BACKOFF, ProcessState.EXITED)


def check_broker(settings: Settings) -> Check:
    """The broker that executions use."""
    probed = BrokerProbe(settings).result()
    if probed.health is Connectivity.SLOW:
        return no_answer("broker", probed.place, probed.error, probed.advice)
    if probed.health is Connectivity.DOWN:
        return fail("broker", probed.error or "no answer", probed.advice, BackendUnreachable.exit_code)
    if probed.health is Connectivity.IDLE:
        return ok("broker", "embedded, not running; the next run starts it")
    if settings.broker and not settings.broker.tls and not _is_local(settings.broker.host):
        advice = "Set ACTIVEMQ_USE_SSL=true if the broker supports TLS"
        return warn("broker", f"{probed.place}, {probed.server}: passwords are sent in plain text", advice)
    return ok(
        "broker",
        ", ".join(part for part in (probed.kind, probed.place, probed.server) if part),
    )


def check_broker_store(settings: Settings) -> Check:
    """How full the broker's store is, and backlogs that no client reads."""
    if settings.broker is None and find_running(settings.state_dir) is None:
        return ok("broker store", "the embedded broker is not running")
    found = Probe(lambda: probe_problems(settings)).within(PATIENCE, lambda: None)
    if found is None:
        return warn("broker store", "not checked: the broker did not answer", "Fix the broker first")
    if not found:
        return ok("broker store", "room for messages, no abandoned backlog")
    first, more = found[0], f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    if first.refuses:
        return fail("broker store", f"{first.text}{more}", first.advice)
    return warn("broker store", f"{first.text}{more}", first.advice)


def check_tls(settings: Settings) -> Check:
    """The certificate files, loaded as the connection loads them."""
    broker = settings.broker
    if broker is None or not broker.tls:
        return ok("TLS", "not used")
    try:
        context = ssl.create_default_context(cafile=str(broker.ca_certs) if broker.ca_certs else None)
        if broker.cert_file:
            context.load_cert_chain(broker.cert_file, broker.key_file)
    except (ssl.SSLError, OSError) as error:
        advice = "Fix ACTIVEMQ_SSL_CA_CERTS, ACTIVEMQ_SSL_CERT_FILE and ACTIVEMQ_SSL_KEY_FILE"
        return fail("TLS", f"a certificate cannot be used: {error}", advice)
    return _expiry(broker, context)


def check_database(settings: Settings) -> Check:
    """The database: reachable, and of this version."""
    probed = DatabaseProbe(settings).result()
    if probed.health is Connectivity.SLOW:
        return no_answer("database", probed.place, probed.error, probed.advice)
    if probed.health is Connectivity.IDLE:
        return ok("database", f"{probed.place}, does not exist yet; the next run creates it")
    if probed.health is Connectivity.UP:
        return _check_tables(settings, probed)
    code = BackendUnreachable.exit_code if probed.health is Connectivity.DOWN else 2
    return fail("database", probed.error or "no answer", probed.advice, code)


def check_database_writable(settings: Settings) -> Check:
    """Write a row and roll back."""

    def write(database: Database) -> Check:
        try:
            with database.write() as connection:
                agents.heartbeat(connection, Heartbeat("doctor", "other", "OK", datetime.now(UTC)))
                raise _RolledBack
        except _RolledBack:
            return ok("database writable", "a row was written and rolled back")

    return _of_database(settings, "database writable", write)


def check_database_space(settings: Settings) -> Check:
    """The free space on the disk of a SQLite file; that of a server is unknown."""
    file = urls.file_of(urls.parse(settings.database_url))
    if file is None:
        return ok("database space", "on the server, not checked")
    free = shutil.disk_usage(file.parent).free
    if free < LITTLE_SPACE:
        return warn("database space", f"{size(free)} free at {file.parent}", "Free space on this disk")
    used = file.stat().st_size if file.exists() else 0
    return ok("database space", f"{size(used)} used, {size(free)} free at {file.parent}")


def check_clock(settings: Settings) -> Check:
    """The difference between the clocks of this host and the database, by which leases are measured."""

    def compare(database: Database) -> Check:
        with database.read() as connection:
            before = datetime.now(UTC)
            theirs = server_time(connection)
            after = datetime.now(UTC)
        apart = (theirs - (before + (after - before) / 2)).total_seconds()
        found = f"differs by {abs(apart):.3f} s from the database"
        if abs(apart) > CLOCK_SECONDS:
            return warn(
                "clock",
                found,
                "Synchronize the clocks of this host and the server: times of messages would be wrong",
            )
        return ok("clock", found)

    return _of_database(settings, "clock", compare)


def check_supervisord(settings: Settings, supervisor: Supervisor | None = None) -> Check:
    """supervisord of this home, and failed programs."""
    silent = SupervisorSnapshot("slow", no_answer_yet(PATIENCE), "See what its process waits for")
    probed = Probe(lambda: probe_supervisor(settings, supervisor)).within(PATIENCE, lambda: silent)
    if probed.state in (DaemonState.ABSENT, DaemonState.STALE):
        return ok("supervisord", "not running; the first agent to start starts it")
    if probed is silent:
        return no_answer("supervisord", "", probed.message, probed.advice)
    if probed.state != DaemonState.RUNNING:
        return fail(
            "supervisord",
            probed.message or probed.state,
            probed.advice,
            BackendUnreachable.exit_code,
        )
    running = sum(one.state is ProcessState.RUNNING for one in probed.processes)
    found = f"pid {probed.pid}, {running} of {len(probed.processes)} programs running"
    if lost := [one for one in probed.processes if one.state in LOST]:
        states = ", ".join(f"{one.name} is {one.state}" for one in lost)
        advice = f"See its log: swf-console agents logs {lost[0].name}"
        return warn("supervisord", f"{found}, {states}", advice)
    return ok("supervisord", found)


def _check_tables(settings: Settings, probed: DatabaseHealth) -> Check:
    """Whether a database that answers has all tables, columns and indexes."""
    lacks = database_lacks(settings)
    if essential := [lack for lack in lacks if not lack.startswith("index ")]:
        return fail("database", f"{probed.place} lacks {listed(essential)}", RESTORE)
    if lacks:
        return warn("database", f"{probed.place} lacks {listed(lacks)}: queries are slow", RESTORE)
    return ok("database", f"{probed.place}, version {probed.version}")


def check_database_encoding(settings: Settings) -> Check:
    """That a PostgreSQL database can store every text."""

    def read(database: Database) -> Check:
        with database.read() as connection:
            encoding = server_encoding(connection)
        if encoding != "UTF8":
            found = f"the encoding of {database.safe_url} is {encoding}: some messages cannot be stored"
            return fail("database encoding", found, "Create the database with ENCODING 'UTF8'")
        return ok("database encoding", encoding)

    return _of_database(settings, "database encoding", read)


def _of_database(settings: Settings, name: str, question: Callable[[Database], Check]) -> Check:
    """Run a check on the database, if it exists and is reachable."""
    health = DatabaseProbe(settings).result().health
    if health is Connectivity.IDLE:
        return ok(name, "the database does not exist yet")
    if health is Connectivity.SLOW:
        return warn(name, f"not checked: the database has given {no_answer_yet(PATIENCE)}", "Check it first")
    if health is not Connectivity.UP:
        return warn(name, "not checked", "Fix the database first")
    with opened(settings) as database:
        return question(database)


def _expiry(broker: BrokerSettings, context: ssl.SSLContext) -> Check:
    """Whether the certificates of the authorities are valid for EXPIRES_SOON."""
    now = datetime.now(UTC).timestamp()
    ends = [
        ssl.cert_time_to_seconds(str(each["notAfter"])) for each in context.get_ca_certs() if broker.ca_certs
    ]
    if ends and max(ends) < now:
        return fail("TLS", f"the certificate in {broker.ca_certs} has expired", "Request a new one")
    if ends and max(ends) < now + EXPIRES_SOON:
        days = (max(ends) - now) / 86400
        return warn(
            "TLS", f"the certificate in {broker.ca_certs} expires in {days:.0f} days", "Request a new one"
        )
    return ok("TLS", f"certificates are valid: {broker.ca_certs or 'those of the system'}")


def _is_local(host: str) -> bool:
    return host in {"localhost", "127.0.0.1", "::1"}


class _RolledBack(Exception):
    """Rolls back the transaction of the check."""


BACKENDS: tuple[CheckFunction, ...] = (
    check_broker,
    check_broker_store,
    check_tls,
    check_database,
    check_database_encoding,
    check_database_writable,
    check_database_space,
    check_clock,
    check_supervisord,
)

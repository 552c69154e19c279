"""A real Apache ActiveMQ Classic in a directory of its own, from the distribution's package."""

import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from .certificates import make_authority, make_certificate, make_key_store, make_trust_store
from .processes.server import LOOPBACK, Program, Service, ServiceMissing, free_port

HOME = Path("/usr/share/activemq")
JARS = ("xstream", "jettison", "xpp3")
JAVA_JARS = Path("/usr/share/java")
PACKAGES = "activemq libxstream-java libjettison-java default-jre-headless openssl"
CONFIGURATION = Path(__file__).with_name("activemq.xml")
LOGGING = """\
log4j.rootLogger=INFO, file
log4j.logger.org.apache.activemq.transport.stomp=WARN
log4j.appender.file=org.apache.log4j.FileAppender
log4j.appender.file.file=${activemq.data}/activemq.log
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d %-5p %m (%c %t)%n
"""


@dataclass(frozen=True)
class ActiveMQAddress:
    """Where an ActiveMQ listens and how to enter: in plain text, over TLS, with a client certificate."""

    host: str
    port: int
    user: str
    password: str
    tls_port: int | None = None
    ca_file: Path | None = None
    mutual_tls_port: int | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def environment(self, *, tls: bool = False, mutual: bool = False) -> dict[str, str]:
        """The ACTIVEMQ_* variables that lead here."""
        port = self.mutual_tls_port if mutual else self.tls_port if tls else self.port
        values = {
            "ACTIVEMQ_HOST": self.host,
            "ACTIVEMQ_PORT": str(port),
            "ACTIVEMQ_USER": self.user,
            "ACTIVEMQ_PASSWORD": self.password,
            "ACTIVEMQ_USE_SSL": str(tls or mutual).lower(),
        }
        if tls or mutual:
            values["ACTIVEMQ_SSL_CA_CERTS"] = str(self.ca_file)
        if mutual:
            values["ACTIVEMQ_SSL_CERT_FILE"] = str(self.cert_file)
            values["ACTIVEMQ_SSL_KEY_FILE"] = str(self.key_file)
        return values

    def url(self) -> str:
        """This address as SWF_TEST_ACTIVEMQ spells it."""
        rest = {
            "tls_port": self.tls_port,
            "ca_file": self.ca_file,
            "mutual_tls_port": self.mutual_tls_port,
            "cert_file": self.cert_file,
            "key_file": self.key_file,
        }
        query = urlencode({name: str(value) for name, value in rest.items() if value is not None})
        entry = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"stomp://{entry}@{self.host}:{self.port}?{query}"


def address_from_url(url: str) -> ActiveMQAddress:
    """Read `stomp://user:password@host:port?tls_port=N&ca_file=F&mutual_tls_port=N&cert_file=F&key_file=F`."""
    parts = urlsplit(url)
    rest = {name: values[0] for name, values in parse_qs(parts.query).items()}

    def number(name: str) -> int | None:
        return int(rest[name]) if name in rest else None

    def path(name: str) -> Path | None:
        return Path(rest[name]) if name in rest else None

    return ActiveMQAddress(
        host=parts.hostname or LOOPBACK,
        port=parts.port or 61612,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls_port=number("tls_port"),
        ca_file=path("ca_file"),
        mutual_tls_port=number("mutual_tls_port"),
        cert_file=path("cert_file"),
        key_file=path("key_file"),
    )


class ActiveMQ(ActiveMQAddress, Service):
    """An ActiveMQ of the test's own: it keeps its ports and its messages over stop, kill and start."""


def install_activemq(directory: Path) -> ActiveMQ:
    """Lay out an ActiveMQ in `directory` (configuration, keys, data), not started yet.

    Raises ServiceMissing where its programs are not installed.
    """
    java = find_java()
    for name in ("conf", "data", "tmp", "lib/extra"):
        (directory / name).mkdir(parents=True)
    for name in JARS:
        (directory / "lib/extra" / f"{name}.jar").symlink_to(JAVA_JARS / f"{name}.jar")
    keys, password = directory / "conf", "key-store"
    authority = make_authority(keys)
    client = make_certificate(keys, "client", authority)
    make_key_store(keys / "server.p12", make_certificate(keys, "server", authority), password)
    make_trust_store(keys / "trust.p12", authority, password, str(java.with_name("keytool")))
    broker = ActiveMQ(
        LOOPBACK, free_port(), "swf", "broker secret", free_port(), authority.cert_file, free_port(),
        client.cert_file, client.key_file,
    )  # fmt: skip
    values = {"base": directory, "store_password": password, **vars(broker)}
    (directory / "conf/activemq.xml").write_text(Template(CONFIGURATION.read_text()).substitute(values))
    (directory / "conf/log4j.properties").write_text(LOGGING)
    program = Program(_command(java, directory), directory / "out.log", lambda: answers(broker))
    object.__setattr__(broker, "program", program)
    return broker


def find_java() -> Path:
    """The Java that runs ActiveMQ. Raises ServiceMissing where a program or a jar is not there."""
    java = shutil.which("java")
    jars = [HOME / "bin/activemq.jar", *(JAVA_JARS / f"{name}.jar" for name in JARS)]
    if java is None or not all(jar.exists() for jar in jars) or not shutil.which("openssl"):
        raise ServiceMissing(f"ActiveMQ is missing: apt-get install --no-install-recommends {PACKAGES}")
    return Path(os.path.realpath(java))


def version() -> str:
    """The installed version. Raises ServiceMissing."""
    java = find_java()
    number = next((path.stem.rpartition("-")[2] for path in JAVA_JARS.glob("activemq-broker-*.jar")), "?")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    return f"{number} on {told.splitlines()[0]}"


def answers(broker: ActiveMQAddress) -> bool:
    """Whether a STOMP CONNECT is answered with CONNECTED within a second."""
    frame = (
        f"CONNECT\naccept-version:1.2\nhost:localhost\nlogin:{broker.user}\npasscode:{broker.password}\n\n\0"
    )
    try:
        with socket.create_connection((broker.host, broker.port), timeout=1.0) as connection:
            connection.sendall(frame.encode())
            return connection.recv(1024).startswith(b"CONNECTED")
    except OSError:
        return False


def _command(java: Path, base: Path) -> list[str]:
    return [
        str(java), "-Xms64m", "-Xmx512m",
        f"-Dactivemq.home={HOME}", f"-Dactivemq.base={base}", f"-Dactivemq.conf={base}/conf",
        f"-Dactivemq.data={base}/data", f"-Djava.io.tmpdir={base}/tmp",
        f"-Dactivemq.classpath={base}/conf:",
        "-jar", str(HOME / "bin/activemq.jar"), "start", f"xbean:file:{base}/conf/activemq.xml",
    ]  # fmt: skip

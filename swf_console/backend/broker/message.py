"""A message inside the broker: encoded once for all that receive it."""

from operator import attrgetter
from time import time

from .frames import ESCAPE, Frame, Rejected, encode, escape, escape_for, unescape

LATEST = 1 << 62
BY_SEQUENCE = attrgetter("sequence")
DROPPED = frozenset(
    {
        "destination",
        "receipt",
        "transaction",
        "message-id",
        "subscription",
        "ack",
        "redelivered",
        "timestamp",
        "expires",
        "priority",
        "persistent",
    }
)
HIDDEN = DROPPED | {"reply-to", "correlation-id", "type", "content-length", "content-type"}
JMS_HEADERS = {"JMSType": "type", "JMSCorrelationID": "correlation-id"}
DEAD_LETTER_HEADERS = (b"original-destination:", b"originalExpiration:", b"dlqDeliveryFailureCause:")
REMOTE_TEMPORARY = "/remote-temp-queue/"
TEMPORARY = "/temp-queue/"


class Message:
    """`tail` is its MESSAGE frame without the first headers, which differ between subscribers.

    It starts with the destination, expires and message-id lines, in this order. `special`: it must be
    rendered for some subscribers, for its escapes or their temporary queues. Times in ms since 1970.
    """

    __slots__ = ("_headers", "expires", "id", "persistent", "special", "tail")

    def __init__(
        self,
        name: str,
        tail: bytes,
        *,
        persistent: bool,
        expires: int,
        special: bool,
        headers: dict[str, str] | None,
    ) -> None:
        self.id = name
        self.tail = tail
        self.persistent = persistent
        self.expires = expires
        self.special = special
        self._headers = headers

    @classmethod
    def stored(cls, tail: bytes, persistent: bool) -> "Message":
        """The message that was written to the journal as `tail`."""
        _, expires, name, _ = tail.split(b"\n", 3)
        return cls(
            name.partition(b":")[2].decode(),
            tail,
            persistent=persistent,
            expires=int(expires.partition(b":")[2]),
            special=b"\\" in tail[: tail.index(b"\n\n")],
            headers=None,
        )

    @property
    def headers(self) -> dict[str, str]:
        """The decoded headers."""
        if self._headers is None:
            lines = self.tail[: self.tail.index(b"\n\n")].decode().split("\n")
            pairs = (line.split(":", 1) for line in lines)
            self._headers = {unescape(name): unescape(value) for name, value in pairs}
        return self._headers

    @property
    def body(self) -> bytes:
        return self.tail[self.tail.index(b"\n\n") + 2 : -1]

    @property
    def timestamp(self) -> int:
        """When the broker received it, in ms since 1970."""
        return int(self.tail.split(b"\ntimestamp:", 1)[1].split(b"\n", 1)[0])

    def forget_headers(self) -> None:
        """Free the decoded headers; they are decoded from the tail when needed again."""
        self._headers = None

    def property(self, name: str) -> str | int | None:
        """The value of `name` in a selector: a header of the sender, or one of the JMS names."""
        headers = self.headers
        if name.startswith("JMS"):
            return self._jms(name, headers)
        return None if name in HIDDEN else headers.get(name)

    def _jms(self, name: str, headers: dict[str, str]) -> str | int | None:
        if name in JMS_HEADERS:
            return headers.get(JMS_HEADERS[name])
        if name == "JMSTimestamp":
            return str(self.timestamp)
        if name == "JMSDeliveryMode":
            return "PERSISTENT" if self.persistent else "NON_PERSISTENT"
        own: dict[str, str | int] = {
            "JMSMessageID": self.id,
            "JMSExpiration": self.expires,
            "JMSPriority": headers.get("priority", "4"),
        }
        return own.get(name, headers.get(name))

    def expired(self) -> bool:
        """True once its time to live is over."""
        return 0 < self.expires <= time() * 1000

    def retargeted(self, destination: str, extra: str = "", expires: int | None = None) -> "Message":
        """The same message on another destination, with `extra` header lines."""
        _, _, rest = self.tail.split(b"\n", 2)
        until = self.expires if expires is None else expires
        head = f"destination:{escape(destination)}\nexpires:{until}\n".encode()
        name, rest = rest.split(b"\n", 1)
        tail = head + name + b"\n" + extra.encode() + rest
        special = self.special or "\\" in extra
        return Message(
            self.id, tail, persistent=self.persistent, expires=until, special=special, headers=None
        )

    def resent(self) -> tuple[str, "Message"]:
        """A dead letter's original destination, and the message for it. Raises KeyError where it has none."""
        destination = self.headers["original-destination"]
        head, body = self.tail.split(b"\n\n", 1)
        lines = [line for line in head.split(b"\n") if not line.startswith(DEAD_LETTER_HEADERS)]
        copy = Message.stored(b"\n".join(lines) + b"\n\n" + body, self.persistent)
        return destination, copy.retargeted(destination)

    def rendered(self, version: str, session: str) -> bytes:
        """The tail for a client of STOMP `version` whose temporary queues have `session` in their names."""
        end = self.tail.index(b"\n\n")
        text = self.tail[:end].decode()
        mine = REMOTE_TEMPORARY + session + "-"
        text = text.replace(mine, TEMPORARY)
        if version != "1.2" and "\\" in text:
            text = "\n".join(_translated(line, version) for line in text.split("\n"))
        return text.encode() + self.tail[end:]


class StoreEntry:
    """A message in a store. `stored`: it has a row in the journal. `redeliveries`: how often it came back."""

    __slots__ = ("message", "redeliveries", "sequence", "stored")

    def __init__(self, message: Message, sequence: int, stored: bool, redeliveries: int = 0) -> None:
        self.message = message
        self.sequence = sequence
        self.stored = stored
        self.redeliveries = redeliveries


def _translated(line: str, version: str) -> str:
    if not ESCAPE.search(line):
        return line
    name, value = line.split(":", 1)
    return f"{escape_for(version, unescape(name))}:{escape_for(version, unescape(value))}"


def from_frame(frame: Frame, destination: str, name: str) -> Message:
    """The message of a SEND frame to `destination` (as header, escaped). Raises Rejected on a bad expires."""
    headers = frame.headers
    try:
        expires = int(headers.get("expires", 0))
        if expires >= LATEST:
            raise ValueError
    except ValueError:
        raise Rejected("expires is not a number of milliseconds below 2^62") from None
    persistent = headers.get("persistent") == "true"
    if frame.plain:
        lines = "".join([f"{name}:{value}\n" for name, value in headers.items() if name not in DROPPED])
    else:
        lines = "".join(
            [f"{escape(name)}:{escape(value)}\n" for name, value in headers.items() if name not in DROPPED]
        )
    if persistent:
        lines += "persistent:true\n"
    priority = headers.get("priority", "4")
    head = (
        f"destination:{destination}\nexpires:{expires}\nmessage-id:{name}\n"
        f"priority:{priority if priority in '0123456789' else 4}\ntimestamp:{int(time() * 1000)}\n{lines}\n"
    )
    special = "\\" in head or REMOTE_TEMPORARY in head
    tail = head.encode() + frame.body + b"\0"
    return Message(name, tail, persistent=persistent, expires=expires, special=special, headers=headers)


def broker_message(destination: str, name: str, headers: dict[str, str], body: bytes) -> Message:
    """A message that the broker itself sends."""
    fixed = {"destination": destination, "expires": "0", "message-id": name, "priority": "4"}
    frame = encode("1.2", "MESSAGE", (fixed | {"timestamp": str(int(time() * 1000))} | headers).items(), body)
    tail = frame[len("MESSAGE\n") :]
    special = b"\\" in tail[: tail.index(b"\n\n")] or destination.startswith(REMOTE_TEMPORARY)
    return Message(name, tail, persistent=False, expires=0, special=special, headers=None)

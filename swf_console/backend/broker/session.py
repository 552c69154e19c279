"""One client's connection: bytes in, frames handled, bytes out; bounded, and stalling nobody."""

import asyncio
from typing import TYPE_CHECKING

from . import commands
from .frames import FrameParser, HeartBeat, Rejected, encode
from .journal import Batch
from .message import Message

if TYPE_CHECKING:
    from .broker import Broker
    from .subscriptions import Subscription
from typing import TYPE_CHECKING

from .frames import VERSIONS, Frame

CHUNK = 2048
TAIL = b"destination:"


class Session(asyncio.Protocol):
    """What the broker knows of a client. `out` holds whole frames, some of them in two parts."""

    def __init__(self, broker: "Broker") -> None:
        self.broker = broker
        self.name = ""
        self.peer = ""
        self.client_id = ""
        self.user = ""
        self.version = "1.0"
        self.connected = False
        self.closing = False
        self.parser = FrameParser(broker.limits)
        self.subscriptions: dict[str, Subscription] = {}
        self.keys: dict[int, Subscription] = {}
        self.transactions: dict[str, commands.Transaction] = {}
        self.batch: Batch | None = None
        self.out: list[bytes] = []
        self.out_bytes = 0
        self.dirty = False
        self.transport: asyncio.Transport
        self._closed = False
        self._paused = False
        self._starved = False
        self._waiting = [0, 0]
        self._heart = HeartBeat(self)
        self._deadline: asyncio.TimerHandle | None = None

    # the transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream protocol's transport is one
        self.transport = transport
        transport.set_write_buffer_limits(high=self.broker.limits.write_buffer_bytes)
        host, port = transport.get_extra_info("peername")[:2]
        self.peer = f"tcp://{host}:{port}"
        self._deadline = self.broker.loop.call_later(self.broker.limits.connect_seconds, self._mute)
        if not self.broker.admit(self):
            self.fail("The broker has as many connections as it allows")

    def data_received(self, data: bytes) -> None:
        self._heart.heard()
        if self.closing:
            return
        parser = self.parser
        handlers = commands.HANDLERS
        try:
            parser.feed(data)
            while (frame := parser.next()) is not None:
                try:
                    handler = handlers.get(frame.command, commands.unknown)
                    if not self.connected and handler is not commands.connect:
                        raise Rejected("Not connected.", fatal=True)
                    handler(self, frame)
                except Rejected as problem:
                    self.error(problem, frame.headers.get("receipt"))
                if self.closing:
                    return
        except Rejected as problem:
            self.error(problem)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._paused = True
        self.detach()
        self.broker.dismiss(self)

    # frames out

    def touch(self) -> None:
        """There is something to write at the end of this turn of the loop."""
        self.dirty = True
        self.broker.will_flush(self)

    def write(self, data: bytes) -> None:
        """Write a whole frame."""
        if self._closed:
            return
        self.out.append(data)
        self.out_bytes += len(data)
        if not self.dirty:
            self.touch()

    def flush(self) -> None:
        """Hand what was written to the transport, as far as the peer reads."""
        self.dirty = False
        if self._paused or self._waiting[0]:
            self._check_backlog()
        if self._paused or self._closed:
            return
        out = self.out
        if len(out) <= CHUNK and self.out_bytes <= self.broker.limits.write_buffer_bytes:
            self.out = []
            self.out_bytes = 0
            self.transport.write(b"".join(out))
        else:
            self._flush_chunks(out)
        self._heart.spoke()
        if self._starved:
            self._feed()

    def _flush_chunks(self, out: list[bytes]) -> None:
        position = 0
        while position < len(out) and not self._paused:
            start, size = position, 0
            while position < len(out) and (
                size < self.broker.limits.write_buffer_bytes or out[position].startswith(TAIL)
            ):
                size += len(out[position])
                position += 1
            self.transport.write(b"".join(out[start:position]))
        self.out = out[position:]
        self.out_bytes = sum(map(len, self.out))

    def _feed(self) -> None:
        if not self._paused:
            self._starved = False
            for subscription in tuple(self.keys.values()):
                subscription.resume()

    def has_room(self) -> bool:
        """Whether a store may send here; if not, it is asked again once the peer has read."""
        if self._paused or self.out_bytes > self.broker.limits.write_buffer_bytes:
            self._starved = True
            return False
        return not self.closing

    def count_waiting(self, size: int, count: int = 1) -> None:
        """A topic's message waits for acknowledgements of this client (or does so no longer)."""
        self._waiting[0] += count
        self._waiting[1] += size
        if not self.dirty:
            self.touch()

    def _check_backlog(self) -> None:
        limits = self.broker.limits
        frames = len(self.out) // 2 + self._waiting[0]
        size = self.out_bytes + self._waiting[1]
        if (frames > limits.backlog_frames or size > limits.backlog_bytes) and not self.closing:
            self.broker.log.warning("slow client cut", session=self.name, frames=frames, bytes=size)
            self.out.clear()
            self.out_bytes = 0
            self.fail("The client reads too slowly: its backlog is over the broker's bound")

    def render(self, message: Message) -> bytes:
        """The part of a special message that is the same for others, as this client must see it."""
        return message.rendered(self.version, self.name)

    # receipts, errors and the end

    def receipt(self, name: str) -> None:
        """RECEIPT, after the journal has what was sent before it."""
        frame = encode(self.version, "RECEIPT", (("receipt-id", name),))
        batch = self.batch
        if batch is None or batch.done:
            self.write(frame)
        else:
            batch.receipts.append((self, frame))

    def error(self, problem: Rejected, receipt: str | None = None) -> None:
        """ERROR; a fatal one closes."""
        headers = [("content-type", "text/plain"), ("message", problem.reason.replace("\r", " "))]
        if receipt is not None:
            headers.append(("receipt-id", receipt))
        body = (problem.detail or problem.reason).encode()
        headers.append(("content-length", str(len(body))))
        version = self.version if self.connected else "1.0"
        self.write(encode(version, "ERROR", headers, body))
        if problem.fatal:
            self.broker.log.warning(
                "client refused", session=self.name, peer=self.peer, reason=problem.reason
            )
            self.close()

    def fail(self, reason: str) -> None:
        """ERROR and close."""
        if not self.closing:
            self.error(Rejected(reason, fatal=True))

    def finish(self) -> None:
        """Close once the journal has what this client sent."""
        self.detach()
        if self.batch is None or self.batch.done:
            self.close()
        else:
            self.batch.closing.append(self.close)

    def close(self) -> None:
        """Say what is left to say, then close; a peer that does not listen is cut."""
        if self._closed:
            return
        self.detach()
        self._closed = True
        self.transport.write(b"".join(self.out))
        self.out.clear()
        self.transport.close()
        self.broker.loop.call_later(self.broker.limits.farewell_seconds, self.transport.abort)

    def detach(self) -> None:
        """Give everything back that the client held: messages, transactions, its name."""
        if self.closing:
            return
        self.closing = True
        self._heart.stop()
        if self._deadline is not None:
            self._deadline.cancel()
        for subscription in tuple(self.keys.values()):
            commands.end_subscription(self, subscription)
        self.transactions.clear()
        self.broker.forget(self)

    def hold(self, held: bool) -> None:
        """Read no further while the journal is behind."""
        self._heart.held = held
        if self.closing:
            return
        if held:
            self.transport.pause_reading()
        else:
            self._heart.heard()
            self.transport.resume_reading()

    # silence

    def _mute(self) -> None:
        if not self.connected:
            self.fail("No CONNECT frame came in time")

    def keep_alive(self, send_every: float, expect_every: float) -> None:
        """Beat every so many seconds, and expect the peer to; 0 is never."""
        self._heart.start(send_every, expect_every)

    def beat(self) -> None:
        """Send a heart-beat, unless there is more than that on its way."""
        if not self._paused:
            self.write(b"\n")


QUICKEST_BEAT = 100
SLOWEST_BEAT = 86_400_000


def connect(session: "Session", frame: Frame) -> None:
    """Let a client in, or raise a fatal Rejected."""
    if session.connected:
        raise Rejected("Already connected.")
    headers = frame.headers
    version = _negotiated(headers.get("accept-version", "1.0"))
    session.version = session.parser.version = version
    _log_in(session, headers)
    given, expected = _heart_beat(headers.get("heart-beat", "0,0"))
    session.client_id = headers.get("client-id") or session.name
    session.broker.enter(session)
    session.connected = True
    session.write(
        encode(
            version,
            "CONNECTED",
            (
                ("server", session.broker.server_name),
                ("heart-beat", f"{expected},{given}"),
                ("session", session.client_id),
                ("version", version),
            ),
        )
    )
    session.keep_alive(expected / 1000, given / 1000)


def _negotiated(accepted: str) -> str:
    offered = {version.strip() for version in accepted.split(",")}
    for version in VERSIONS:
        if version in offered:
            return version
    raise Rejected(
        f"Invalid Protocol version[{accepted}], supported versions are: [{', '.join(VERSIONS)}]", fatal=True
    )


def _log_in(session: "Session", headers: dict[str, str]) -> None:
    from hmac import compare_digest

    credentials = session.broker.credentials
    user, password = headers.get("login", ""), headers.get("passcode", "")
    known = compare_digest(user.encode(), credentials.user.encode())
    if not compare_digest(password.encode(), credentials.password.encode()) or not known:
        raise Rejected(f"User name [{user}] or password is invalid.", fatal=True)
    session.user = user


def _heart_beat(text: str) -> tuple[int, int]:
    """What the client will send and wants to get, in ms; 0 is never."""
    given, _, wanted = text.partition(",")
    try:
        pair = int(given), int(wanted)
    except ValueError:
        pair = -1, -1
    if min(pair) < 0 or max(pair) > SLOWEST_BEAT:
        raise Rejected("Invalid heart-beat header: " + text[:40], fatal=True)
    return _bounded(pair[0]), _bounded(pair[1])


def _bounded(milliseconds: int) -> int:
    return max(milliseconds, QUICKEST_BEAT) if milliseconds else 0

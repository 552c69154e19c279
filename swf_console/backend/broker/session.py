"""One client's connection: bytes in, frames handled, bytes out; bounded, and stalling no other client."""

import asyncio
from collections.abc import Callable, Mapping

from .broker import Broker
from .destinations import TOPIC
from .frames import Frame, FrameParser, Rejected, encode
from .heartbeat import HeartBeat
from .journal import Batch
from .message import Message
from .subscriptions import Subscription, TopicSubscription

CHUNK = 2048
TAIL = b"destination:"
LOGIN = ("CONNECT", "STOMP")

Handlers = Mapping[str, Callable[["Session", Frame], None]]


class Transaction:
    """SENDs and ACKs that wait for COMMIT."""

    __slots__ = ("actions", "size")

    def __init__(self) -> None:
        self.actions: list[Callable[[], None]] = []
        self.size = 0


class Session(asyncio.Protocol):
    """A Client over TCP. `handlers` do what each command of a frame asks for; Rejected becomes its ERROR."""

    def __init__(self, broker: Broker, handlers: Handlers) -> None:
        self.broker = broker
        self._handlers = handlers
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
        self.transactions: dict[str, Transaction] = {}
        self.batch: Batch | None = None
        self.out: list[bytes] = []
        self.out_bytes = 0
        self.dirty = False
        self.transport: asyncio.Transport
        self._closed = False
        self._paused = False
        self._blocked = False
        self._waiting = [0, 0]
        self._heartbeat = HeartBeat(broker.loop, self._send_heartbeat, self.fail)
        self._deadline: asyncio.TimerHandle | None = None

    # the transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream protocol's transport is one
        self.transport = transport
        transport.set_write_buffer_limits(high=self.broker.limits.write_buffer_bytes)
        host, port = transport.get_extra_info("peername")[:2]
        self.peer = f"tcp://{host}:{port}"
        self._deadline = self.broker.loop.call_later(self.broker.limits.connect_seconds, self._refuse_silent)
        if not self.broker.add_connection(self):
            self.fail("The broker has as many connections as it allows")

    def data_received(self, data: bytes) -> None:
        self._heartbeat.received()
        if self.closing:
            return
        parser = self.parser
        handlers = self._handlers
        try:
            parser.feed(data)
            while (frame := parser.next()) is not None:
                try:
                    if not self.connected and frame.command not in LOGIN:
                        raise Rejected("Not connected.", fatal=True)
                    handler = handlers.get(frame.command)
                    if handler is None:
                        raise Rejected(f"Unknown STOMP action: {frame.command[:40]}", fatal=True)
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
        if self._deadline is not None:  # a transport that is gone cannot be aborted
            self._deadline.cancel()
        self.broker.remove_connection(self)

    # frames out

    def mark_dirty(self) -> None:
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
            self.mark_dirty()

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
        self._heartbeat.sent()
        if self._blocked:
            self._resume_subscriptions()

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

    def _resume_subscriptions(self) -> None:
        if not self._paused:
            self._blocked = False
            for subscription in tuple(self.keys.values()):
                subscription.resume()

    def has_room(self) -> bool:
        """Whether a store may send here; if not, it is asked again once the peer has read."""
        if self._paused or self.out_bytes > self.broker.limits.write_buffer_bytes:
            self._blocked = True
            return False
        return not self.closing

    def count_waiting(self, size: int, count: int = 1) -> None:
        """A topic's message waits for acknowledgements of this client (or does so no longer)."""
        self._waiting[0] += count
        self._waiting[1] += size
        if not self.dirty:
            self.mark_dirty()

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

    def confirm(self, frame: Frame) -> None:
        """RECEIPT, where the frame asks for one, after the journal has what was sent before it."""
        name = frame.headers.get("receipt")
        if name is None:
            return
        receipt = encode(self.version, "RECEIPT", (("receipt-id", name),))
        batch = self.batch
        if batch is None or batch.done:
            self.write(receipt)
        else:
            batch.receipts.append((self, receipt))

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

    def end_subscription(self, subscription: Subscription) -> None:
        """Take a subscription away; what it did not acknowledge goes back."""
        key = subscription.name if subscription.name is not None else subscription.destination
        self.subscriptions.pop(key, None)
        self.keys.pop(subscription.key, None)
        if isinstance(subscription, TopicSubscription):
            self.broker.topics.remove(subscription.destination.removeprefix(TOPIC), subscription)
        subscription.end()
        self.broker.advisories.consumer_removed(subscription)

    def finish(self) -> None:
        """Close once the journal has what this client sent."""
        self.detach()
        if self.batch is None or self.batch.done:
            self.close()
        else:
            self.batch.closing.append(self.close)

    def close(self) -> None:
        """Send what is left, then close; a client that does not read it is cut."""
        if self._closed:
            return
        self.detach()
        self._closed = True
        self.transport.write(b"".join(self.out))
        self.out.clear()
        self.transport.close()
        self._deadline = self.broker.loop.call_later(self.broker.limits.closing_seconds, self.transport.abort)

    def abort(self) -> None:
        """Cut the connection."""
        self.transport.abort()

    def detach(self) -> None:
        """Give everything back that the client held: messages, transactions, its name."""
        if self.closing:
            return
        self.closing = True
        self._heartbeat.stop()
        if self._deadline is not None:
            self._deadline.cancel()
        for subscription in tuple(self.keys.values()):
            self.end_subscription(subscription)
        self.transactions.clear()
        self.broker.log_out(self)

    def pause_reading(self, paused: bool) -> None:
        """Read no further while the journal is behind."""
        self._heartbeat.paused = paused
        if self.closing:
            return
        if paused:
            self.transport.pause_reading()
        else:
            self._heartbeat.received()
            self.transport.resume_reading()

    # silence

    def _refuse_silent(self) -> None:
        if not self.connected:
            self.fail("No CONNECT frame came in time")

    def start_heartbeat(self, send_every: float, expect_every: float) -> None:
        """Send and expect a heart-beat every so many seconds; 0 is never."""
        self._heartbeat.start(send_every, expect_every)

    def _send_heartbeat(self) -> None:
        if not self._paused:  # else there is more than a heart-beat on its way
            self.write(b"\n")

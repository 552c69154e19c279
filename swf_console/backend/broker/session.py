"""One client's connection: bytes in, frames handled, bytes out; bounded, and stalling no other client."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import cast

from .broker import Broker
from .destinations import TOPIC
from .frames import Frame, FrameParser, Rejected, encode
from .heartbeat import Heartbeat
from .journal_batch import Batch
from .message import Message
from .subscriptions import StoreSubscription, Subscription, TopicSubscription

CHUNK = 2048
RECEIVE_BUFFER = memoryview(bytearray(64 * 1024))
# Clients that pipeline frames keep the others waiting for about so long a turn of the loop, all together.
TURN_SECONDS = 0.002
REFUSALS_LOGGED = 20
TAIL = b"destination:"
LOGIN = ("CONNECT", "STOMP")

Handlers = Mapping[str, Callable[["Session", Frame], None]]


class Transaction:
    """SENDs and ACKs that wait for COMMIT; `size` is what they take in memory."""

    __slots__ = ("actions", "size")

    def __init__(self) -> None:
        self.actions: list[Callable[[], None]] = []
        self.size = 0


class Session(asyncio.BufferedProtocol):
    """A client over TCP. `handlers` do what each command of a frame asks for; Rejected becomes its ERROR."""

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
        self.uncommitted_bytes = 0
        self.destinations: OrderedDict[str, None] = OrderedDict()
        self.batch: Batch | None = None
        self.out: list[bytes] = []
        self.out_bytes = 0
        self.dirty = False
        self.transport: asyncio.Transport
        self._closed = False
        self._received_all = False
        self._paused = False
        self._blocked = False
        self._journal_behind = False
        self._handling = False
        self._waiting = [0, 0]
        self._heartbeat = Heartbeat(broker.loop, self._send_heartbeat, self.fail)
        self._deadline: asyncio.TimerHandle | None = None

    # the transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's and the WebSocket's are not subclasses
        self.transport.set_write_buffer_limits(high=self.broker.limits.write_buffer_bytes)
        host, port = transport.get_extra_info("peername")[:2]
        self.peer = f"tcp://{host}:{port}"
        self._deadline = self.broker.loop.call_later(self.broker.limits.connect_seconds, self._refuse_silent)
        if not self.broker.add_connection(self):
            self.refuse(f"The broker has {self.broker.limits.connections} connections, as many as it allows")

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Where the transport reads to: one buffer for all, copied from before the next read."""
        return RECEIVE_BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """That many bytes were read."""
        self.data_received(bytes(RECEIVE_BUFFER[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take bytes and handle the frames that are whole."""
        self._heartbeat.received()
        if self.closing:  # STOMP 1.2, Connection Lingering: read on, or a reset would overtake the last frame
            return
        with self.broker.turn():
            try:
                self.parser.feed(data)
                self._handle_frames()
            except Rejected as problem:
                self.error(problem)

    def _handle_frames(self) -> None:
        """Handle frames for a share of TURN_SECONDS; then others have their turn, and nothing is read."""
        parser = self.parser
        # not the loop's time: that of uvloop stands still during a turn
        ends = monotonic() + TURN_SECONDS / (self.broker.busy or 1)
        while (frame := parser.next()) is not None:
            try:
                self._handle(frame)
            except Rejected as problem:
                self.error(problem, frame.headers.get("receipt"))
            if self.closing:
                break
            if monotonic() > ends:
                self._hold_reading(self._journal_behind, True)
                self.broker.loop.call_soon(self._continue)
                return
        if self._handling:
            self._hold_reading(self._journal_behind, False)

    def _continue(self) -> None:
        if self.closing:
            return
        with self.broker.turn():
            try:
                self._handle_frames()
            except Rejected as problem:
                self.error(problem)

    def _handle(self, frame: Frame) -> None:
        if not self.connected and frame.command not in LOGIN:
            raise Rejected("Not connected.")
        handler = self._handlers.get(frame.command)
        if handler is None:
            raise Rejected(f"Unknown STOMP action: {frame.command[:40]}")
        handler(self, frame)

    def eof_received(self) -> bool:
        """The client sends no more; one that only shut down its sending side still gets its receipts."""
        self._received_all = True
        if self._closed:
            return False
        self.finish()
        return True

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._paused = self._closed = True
        self.detach()
        if self._deadline is not None:  # a transport that is gone cannot be aborted
            self._deadline.cancel()
        self.broker.remove_connection(self)

    def logged_in(self) -> None:
        """The client may use the broker from now on."""
        self.connected = True
        self.parser.accept_large_frames()
        if self._deadline is not None:
            self._deadline.cancel()

    # frames out

    def mark_dirty(self) -> None:
        """Have `flush` called at the end of this turn of the loop."""
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
            self.out_bytes -= size
        self.out = out[position:]

    def _resume_subscriptions(self) -> None:
        if not self._paused:
            self._blocked = False
            for subscription in tuple(self.keys.values()):
                subscription.resume()

    def has_room(self) -> bool:
        """Whether a store may send to this client; if not, it tries again once the client has read."""
        if self._paused or self.out_bytes > self.broker.limits.write_buffer_bytes:
            self._blocked = True
            return False
        return not self.closing

    def count_waiting(self, size: int, count: int = 1) -> None:
        """Count messages of topics that wait for acknowledgements of this client."""
        self._waiting[0] += count
        self._waiting[1] += size
        if not self.dirty:
            self.mark_dirty()

    def _check_backlog(self) -> None:
        limits = self.broker.limits
        frames = len(self.out) // 2 + self._waiting[0]
        size = self.out_bytes + self._waiting[1]
        if (frames > limits.backlog_frames or size > limits.backlog_bytes) and not self.closing:
            self.broker.log.warning("slow client disconnected", session=self.name, frames=frames, bytes=size)
            self.out.clear()
            self.out_bytes = 0
            self.fail("The client reads too slowly: its backlog is over the broker's limit")

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
        """ERROR, behind the receipts of what came before it, and close (STOMP 1.2, ERROR)."""
        headers = [("content-type", "text/plain"), ("message", problem.reason.replace("\r", " "))]
        if receipt is not None:
            headers.append(("receipt-id", receipt))
        headers += problem.headers
        body = (problem.detail or problem.reason).encode()
        headers.append(("content-length", str(len(body))))
        version = self.version if self.connected else "1.0"
        frame = encode(version, "ERROR", headers, body)
        if self.batch is None or self.batch.done:
            self.write(frame)
        else:
            self.batch.receipts.append((self, frame))
        self.broker.log.repeated(
            "client refused", REFUSALS_LOGGED, session=self.name, peer=self.peer, reason=problem.reason
        )
        self.finish()

    def fail(self, reason: str) -> None:
        """ERROR and close."""
        if not self.closing:
            self.error(Rejected(reason))

    def refuse(self, reason: str) -> None:
        """ERROR and close without waiting for the client's end: there are too many connections already."""
        self._received_all = True
        if self.closing:
            self.abort()
        else:
            self.fail(reason)

    def end_subscription(self, subscription: Subscription) -> None:
        """End a subscription; messages that it did not acknowledge go back to their store."""
        key = subscription.name if subscription.name is not None else subscription.destination
        self.subscriptions.pop(key, None)
        self.keys.pop(subscription.key, None)
        if isinstance(subscription, TopicSubscription):
            self.broker.topics.remove(subscription.destination.removeprefix(TOPIC), subscription)
        subscription.end()
        self.broker.subscriptions -= 1
        self.broker.advisories.consumer_removed(subscription)

    def finish(self) -> None:
        """Close once the journal has what this client sent."""
        self.detach()
        if self.batch is None or self.batch.done:
            self.close()
        else:
            self.batch.closing.append(self.close)

    def close(self) -> None:
        """Send what is left, then close; a client that does not read it is disconnected.

        Where the client may still be sending, only this side is closed, and its bytes are read until it
        closes too: a socket closed over unread bytes is reset, and the client would lose what came last.
        """
        if self._closed:
            return
        self.detach()
        self._closed = True
        self.transport.write(b"".join(self.out))
        self.out.clear()
        if self._received_all:
            self.transport.close()
        else:
            self.transport.resume_reading()
            with suppress(OSError):
                self.transport.write_eof()
        self._deadline = self.broker.loop.call_later(self.broker.limits.closing_seconds, self.transport.abort)

    def abort(self) -> None:
        """Close the connection without sending what is left."""
        self.transport.abort()

    def detach(self) -> None:
        """Give everything back that the client held: messages, transactions, its name."""
        if self.closing:
            return
        self.closing = True
        self._heartbeat.stop()
        if self._deadline is not None:
            self._deadline.cancel()
        gone = set(self.keys.values())
        for store in {one.store for one in gone if isinstance(one, StoreSubscription)}:
            store.remove_consumers(gone)
        for subscription in tuple(self.keys.values()):
            self.end_subscription(subscription)
        self.transactions.clear()
        self.count_uncommitted(-self.uncommitted_bytes)
        self._hold_reading(False, False)
        self.broker.log_out(self)

    def count_uncommitted(self, size: int) -> None:
        """Bytes were added to a transaction, or have left one."""
        self.uncommitted_bytes += size
        self.broker.uncommitted_bytes += size

    def pause_reading(self, paused: bool) -> None:
        """Read no further while the journal is behind."""
        self._hold_reading(paused, self._handling)

    def _hold_reading(self, journal_behind: bool, handling: bool) -> None:
        """Read only while the journal keeps up and the frames that were read are handled."""
        held = self._journal_behind or self._handling
        self.broker.busy += handling - self._handling
        self._journal_behind, self._handling = journal_behind, handling
        hold = journal_behind or handling
        if self.closing or hold == held:
            return
        self._heartbeat.paused = hold  # nothing is read, so no heartbeat can be expected
        if hold:
            self.transport.pause_reading()
        else:
            self._heartbeat.received()
            self.transport.resume_reading()

    def _refuse_silent(self) -> None:
        if not self.connected:
            self.fail("No CONNECT frame came in time")

    def start_heartbeat(self, send_every: float, expect_every: float) -> None:
        """Send and expect a heartbeat every so many seconds; 0 is never."""
        self._heartbeat.start(send_every, expect_every)

    def _send_heartbeat(self) -> None:
        if not self._paused:  # else there is more than a heartbeat on its way
            self.write(b"\n")

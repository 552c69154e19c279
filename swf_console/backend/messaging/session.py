"""One attempt to connect, and its session: STOMP 1.2 frames, heartbeats, a deadline."""

import itertools
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..core.errors import BrokerUnreachable
from ..core.settings import BrokerSettings
from .message import CONTENT_TYPE, OutgoingMessage
from .ports import ClientIdTaken, ConnectRefused, NotConnected, SubscribeRequest
from .transport import SocketTransport, make_protocol

logger = logging.getLogger(__name__)

VERSION = "1.2"
# below 8 messages a transaction costs more than the receipts it saves; 500 is the publisher's batch
SMALLEST_TRANSACTION, LARGEST_TRANSACTION = 8, 500
# ActiveMQ sends a heartbeat only after a period without other frames: twice the period may pass
SILENCE_FACTOR = 2.2
DISCONNECT_RECEIPT = "disconnect"
# words of the ERROR by which ActiveMQ, Artemis and the embedded broker refuse a client id in use: that ends
# when the broker notices that the old connection is gone, so connecting again helps
CLIENT_ID_TAKEN = ("already connected", "clientid", "client-id", "client id")

_numbers = itertools.count(1)


class StompSession:
    """One connection, used once; `ended` is set when it is over, and `error` says why."""

    def __init__(
        self,
        broker: BrokerSettings,
        *,
        client_id: str | None,
        heartbeats: tuple[int, int],
        timeout: float,
        on_message: Callable[[Mapping[str, str], str], None],
        on_receipt: Callable[[str], None],
        on_refusal: Callable[[str, str], bool],
    ) -> None:
        self.broker = broker
        self.ended = threading.Event()
        self.wake = threading.Event()
        self.error: str | None = None
        self.server = ""
        self._client_id = client_id
        self._heartbeats = heartbeats
        self._timeout = timeout
        self._on_message, self._on_receipt, self._on_refusal = on_message, on_receipt, on_refusal
        self._answered = threading.Event()
        self._connected = False
        self._refusal: str | None = None
        self._disconnected = threading.Event()
        self._send_every = self._expect_every = 0.0
        self._transactions: dict[str, list[str]] = {}
        self.transport = SocketTransport(broker, timeout)
        self._stomp = make_protocol(self.transport)
        listen: Any = self.transport.set_listener
        listen("session", _Listener(self))

    @property
    def address(self) -> str:
        """host:port, for texts."""
        return f"{self.broker.host}:{self.broker.port}"

    def open(self) -> None:
        """Connect and log in before the deadline. BrokerUnreachable; ConnectRefused if a retry is useless."""
        deadline = time.monotonic() + self._timeout
        try:
            start: Any = self.transport.start
            start()
        except OSError as error:
            self.transport.cleanup()
            raise connect_error(error, self.address, self._timeout) from error
        send, expect = self._heartbeats
        headers = {"heart-beat": f"{send},{expect}"}
        if self._client_id:
            headers["client-id"] = self._client_id
        self._stomp.connect(self.broker.user or None, self.broker.password or None, headers=headers)
        self._answered.wait(max(0.0, deadline - time.monotonic()))
        if not self._connected:
            self.abort(f"{self.address} accepted the connection and sent nothing within {self._timeout:g} s")
            raise self._failure()

    def keep_alive(self) -> float:
        """Send a heartbeat if one is due, and end the session if the broker has been silent for too long.

        Returns the seconds until the next call is due.
        """
        now = time.monotonic()
        waits = [60.0]
        if self._send_every:
            if now - self.transport.sent_at >= self._send_every:
                self.transport.post(b"\n")
                self.transport.sent_at = now
            waits.append(self.transport.sent_at + self._send_every - now)
        if self._expect_every:
            silence = now - self.transport.received_at
            if silence > self._expect_every:
                self.abort(f"{self.address} has been silent for {silence:.1f} s")
            waits.append(self._expect_every - silence)
        return max(0.001, min(waits))

    def send(self, messages: Sequence[OutgoingMessage], allowed: Callable[[], bool] | None = None) -> None:
        """Send in order; on_receipt is called with the id of each message that the broker has accepted.

        Many are sent in transactions: a broker waits for its disk at each message with a receipt.
        """
        try:
            with self.transport.buffered(allowed):
                for first in range(0, len(messages), LARGEST_TRANSACTION):
                    batch = messages[first : first + LARGEST_TRANSACTION]
                    if len(batch) < SMALLEST_TRANSACTION:
                        self._send_each(batch)
                    else:
                        self._send_transaction(batch)
        except NotConnected:
            raise
        except Exception as error:
            self.abort(f"sending a message failed: {error}")
            raise NotConnected(str(error)) from error

    def _send_each(self, messages: Sequence[OutgoingMessage]) -> None:
        send = self._stomp.send
        for message in messages:
            send(message.destination, message.body, CONTENT_TYPE, message.headers, receipt=message.id)

    def _send_transaction(self, messages: Sequence[OutgoingMessage]) -> None:
        send, transaction = self._stomp.send, f"transaction-{next(_numbers)}"
        self._transactions[transaction] = [message.id for message in messages]
        self._stomp.begin(transaction)
        for message in messages:
            send(message.destination, message.body, CONTENT_TYPE, message.headers, transaction=transaction)
        self._stomp.commit(transaction, receipt=transaction)

    def subscribe(self, request: SubscribeRequest) -> None:
        """Send SUBSCRIBE with a receipt request."""
        headers = {**request.headers, "receipt": request.receipt}
        self._stomp.subscribe(request.destination, request.name, request.ack, headers)

    def unsubscribe(self, subscription: str, headers: Mapping[str, str]) -> None:
        """End a subscription."""
        self._stomp.unsubscribe(subscription, dict(headers))

    def ack(self, ack_id: str) -> None:
        """Acknowledge one message by its `ack` header."""
        self._stomp.ack(ack_id)

    def nack(self, ack_id: str) -> None:
        """Refuse one message by its `ack` header."""
        self._stomp.nack(ack_id)

    def close(self, timeout: float) -> None:
        """Disconnect: wait up to `timeout` seconds until the broker has read everything, and close.

        STOMP 1.2, DISCONNECT: its receipt says that all earlier frames were received.
        """
        if self._connected and not self.ended.is_set():
            self._stomp.send_frame("DISCONNECT", {"receipt": DISCONNECT_RECEIPT})
            self._disconnected.wait(timeout)
        self.abort("closed")

    def abort(self, error: str) -> None:
        """End immediately, with `error` as the reason unless there is one already."""
        self.error = self.error or error
        self.transport.running = False
        self.transport.abort()
        self._set_ended()

    def _set_ended(self) -> None:
        self._disconnected.set()
        self._answered.set()
        self.ended.set()
        self.wake.set()

    def _failure(self) -> BrokerUnreachable:
        if self.transport.tls_error is not None:
            return connect_error(self.transport.tls_error, self.address, self._timeout)
        error = self.error or f"{self.address} closed the connection"
        if self._refusal is not None:
            taken = any(words in error.lower() for words in CLIENT_ID_TAKEN)
            kind = ClientIdTaken if taken else ConnectRefused
            return kind(
                f"the broker at {self.address} refused the connection: {self._refusal}",
                "" if taken else "Check ACTIVEMQ_PORT, ACTIVEMQ_USER and ACTIVEMQ_PASSWORD",
            )
        return BrokerUnreachable(error, "Check ACTIVEMQ_HOST and ACTIVEMQ_PORT")

    def connected(self, headers: Mapping[str, str]) -> None:
        """CONNECTED: agree on the heartbeats (STOMP 1.2, Heart-beating: the larger period counts)."""
        if headers.get("version") != VERSION:
            self._refusal = f"it uses STOMP {headers.get('version', '1.0')}; {VERSION} is required"
            self.abort(self._refusal)
            return
        self.server = headers.get("server", "")
        offered, wanted = _heartbeats(headers.get("heart-beat", ""))
        send, expect = self._heartbeats
        if send and wanted:
            self._send_every = max(send, wanted) / 2000  # twice in a period, for a busy processor is late
        if expect and offered:
            self._expect_every = max(expect, offered) * SILENCE_FACTOR / 1000
        self._connected = True
        self._answered.set()

    def received(self, headers: Mapping[str, str], body: str) -> None:
        """A MESSAGE."""
        self._on_message(headers, body)

    def confirmed(self, receipt: str) -> None:
        """A RECEIPT."""
        if receipt == DISCONNECT_RECEIPT:
            self._disconnected.set()
        else:
            for one in self._transactions.pop(receipt, (receipt,)):
                self._on_receipt(one)

    def refused(self, headers: Mapping[str, str], body: str) -> None:
        """ERROR: before CONNECTED a refusal; later the session's end, unless a subscription handles it."""
        text = self._cleaned(headers.get("message") or body or "no reason given")
        if not self._connected:
            self._refusal = text
            self.abort(text)
        elif not self._on_refusal(headers.get("receipt-id", ""), text):
            self.abort(f"{self.address} ended the session: {text}")

    def lost(self) -> None:
        """The socket was closed."""
        how = "sent data that is not STOMP" if self.transport.not_stomp else "closed the connection"
        self.error = self.error or f"{self.address} {how}"
        self._set_ended()

    def _cleaned(self, text: str) -> str:
        line = " ".join(text.split("\n", 1)[0].split())[:300].rstrip(".")
        return line.replace(self.broker.password, "***") if self.broker.password else line


class _Listener:
    """Called by stomp.py; an exception here would end its receiver thread, and so the connection."""

    def __init__(self, session: StompSession) -> None:
        self._session = session

    def on_connected(self, frame: Any) -> None:
        self._guard(self._session.connected, frame.headers)

    def on_message(self, frame: Any) -> None:
        self._guard(self._session.received, frame.headers, frame.body)

    def on_receipt(self, frame: Any) -> None:
        self._guard(self._session.confirmed, frame.headers["receipt-id"])

    def on_error(self, frame: Any) -> None:
        self._guard(self._session.refused, frame.headers, frame.body)

    def on_disconnected(self) -> None:
        self._guard(self._session.lost)

    def _guard(self, call: Callable[..., None], *arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception:
            logger.exception("broker connection: handling a frame failed")


def _heartbeats(header: str) -> tuple[int, int]:
    """The periods that the broker offers and wants, in milliseconds; 0, 0 if the header is not valid."""
    offered, _, wanted = header.replace(" ", "").partition(",")
    if not (offered.isdecimal() and wanted.isdecimal()):
        return 0, 0
    return int(offered), int(wanted)


def connect_error(error: OSError, address: str, timeout: float) -> BrokerUnreachable:
    """The error that says why connecting to `address` (host:port) failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectRefused(
            f"the certificate of {address} is not trusted: {error.verify_message}",
            "Check ACTIVEMQ_SSL_CA_CERTS; there is no fallback to plain text",
        )
    if isinstance(error, ssl.SSLError):
        return ConnectRefused(
            f"no TLS with {address}: {getattr(error, 'reason', None) or error}",
            "Check that ACTIVEMQ_PORT is the TLS port; there is no fallback to plain text",
        )
    if isinstance(error, socket.gaierror):
        reason = "unknown host"
    elif isinstance(error, ConnectionRefusedError):
        reason = "connection refused: no program listens on that port"
    elif isinstance(error, TimeoutError):
        reason = str(error) if "TLS" in str(error) else f"no answer within {timeout:g} s"
    else:
        reason = error.strerror or str(error)
    return BrokerUnreachable(f"no broker at {address}: {reason}", "Check ACTIVEMQ_HOST and ACTIVEMQ_PORT")

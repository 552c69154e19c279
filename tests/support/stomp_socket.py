"""A STOMP client of a page over a bare socket: tests see every frame, header and byte."""

import itertools
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

DECODED = {b"\\n": b"\n", b"\\c": b":", b"\\\\": b"\\", b"\\r": b"\r"}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it came."""

    command: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode()


class Closed(Exception):
    """The broker closed the connection."""


def encode(command: str, headers: Mapping[str, object], body: bytes = b"", escape: bool = True) -> bytes:
    """The bytes of a frame; `escape` is what STOMP 1.1 and 1.2 ask of header values."""
    lines = [command]
    for name, value in headers.items():
        text = str(value)
        if escape:
            text = text.replace("\\", "\\\\").replace("\n", "\\n").replace(":", "\\c")
        lines.append(f"{name}:{text}")
    return "\n".join(lines).encode() + b"\n\n" + body + b"\x00"


def _unescape(value: bytes) -> str:
    parts = []
    position = 0
    while (slash := value.find(b"\\", position)) >= 0:
        parts += [value[position:slash], DECODED[value[slash : slash + 2]]]
        position = slash + 2
    return (b"".join(parts) + value[position:]).decode()


class StompSocket:
    """One connection; the first of repeated headers counts. Waits at most `timeout` seconds for a frame."""

    def __init__(self, host: str, port: int, timeout: float = 5.0) -> None:
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.version = "1.0"
        self.buffer = bytearray()
        self.counter = itertools.count(1)
        self.aside: list[Frame] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close without a word."""
        self.socket.close()

    def connect(self, user: str = "", password: str = "", version: str = "1.2", **headers: object) -> Frame:
        """CONNECT and return the answer, CONNECTED or ERROR."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.raw(
            encode(
                "CONNECT", self._hello(version) | {"login": user, "passcode": password} | given, b"", False
            )
        )
        answer = self.frame()
        self.version = answer.headers.get("version", "1.0")
        return answer

    @staticmethod
    def _hello(version: str) -> dict[str, object]:
        return {} if version == "1.0" else {"accept-version": version, "host": "localhost"}

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def send_frame(self, command: str, headers: Mapping[str, object], body: bytes | str = b"") -> None:
        """Send a frame."""
        data = body.encode() if isinstance(body, str) else body
        self.raw(encode(command, headers, data, self.version != "1.0"))

    def send(
        self, destination: str, body: bytes | str = b"", headers: Mapping[str, object] | None = None
    ) -> None:
        """SEND with a content-length and no receipt."""
        data = body.encode() if isinstance(body, str) else body
        self.send_frame(
            "SEND", {"destination": destination, "content-length": len(data)} | dict(headers or {}), data
        )

    def ask(self, command: str, headers: Mapping[str, object], body: bytes | str = b"") -> Frame:
        """Send a frame with a receipt and return its RECEIPT or an ERROR; MESSAGEs on the way are kept."""
        receipt = f"r{next(self.counter)}"
        self.send_frame(command, dict(headers) | {"receipt": receipt}, body)
        return self.answer(receipt)

    def answer(self, receipt: str) -> Frame:
        """The RECEIPT of that id, or an ERROR."""
        kept: list[Frame] = []
        while True:
            frame = self.frame()
            if frame.command == "ERROR" or frame.headers.get("receipt-id") == receipt:
                self.aside = kept + self.aside
                return frame
            kept.append(frame)

    def put(self, destination: str, body: bytes | str = b"", **headers: object) -> Frame:
        """SEND with a receipt."""
        return self.ask("SEND", {"destination": destination} | headers, body)

    def subscribe(
        self, destination: str, number: str = "1", headers: Mapping[str, object] | None = None
    ) -> Frame:
        """SUBSCRIBE with a receipt."""
        return self.ask("SUBSCRIBE", {"destination": destination, "id": number} | dict(headers or {}))

    def acknowledge(self, message: Frame, command: str = "ACK", **headers: object) -> None:
        """ACK or NACK as the version has it."""
        if self.version == "1.2":
            keys = {"id": message.headers["ack"]}
        else:
            keys = {"message-id": message.headers["message-id"]}
            if self.version == "1.1":
                keys["subscription"] = message.headers["subscription"]
        self.send_frame(command, keys | headers)

    def message(self, timeout: float | None = None) -> Frame:
        """The next MESSAGE; AssertionError where another frame comes."""
        frame = self.frame(timeout)
        assert frame.command == "MESSAGE", frame
        return frame

    def messages(self, count: int) -> list[Frame]:
        """The next `count` MESSAGEs."""
        return [self.message() for _ in range(count)]

    def silent(self, seconds: float = 0.3) -> bool:
        """True where no frame comes for `seconds`."""
        try:
            frame = self.frame(seconds)
        except TimeoutError:
            return True
        self.aside.insert(0, frame)
        return False

    def frame(self, timeout: float | None = None) -> Frame:
        """The next frame; TimeoutError where none comes, Closed where the broker has closed."""
        if self.aside:
            return self.aside.pop(0)
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while (frame := self._parse()) is None:
            self._receive(deadline)
        return frame

    def until_closed(self) -> Iterator[Frame]:
        """Every frame until the broker closes."""
        with suppress(Closed, ConnectionError):
            while True:
                yield self.frame()

    def _receive(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no frame")
        self.socket.settimeout(left)
        data = self.socket.recv(262_144)
        if not data:
            raise Closed(bytes(self.buffer))
        self.buffer += data

    def _parse(self) -> Frame | None:
        start = 0
        while start < len(self.buffer) and self.buffer[start] in b"\r\n":
            start += 1
        del self.buffer[:start]
        end = self.buffer.find(b"\n\n")
        if end < 0:
            return None
        lines = bytes(self.buffer[:end]).split(b"\n")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            plain = self.version == "1.0" or lines[0] == b"CONNECTED"
            headers.setdefault(
                name.decode() if plain else _unescape(name), value.decode() if plain else _unescape(value)
            )
        length = int(headers.get("content-length", -1))
        stop = end + 2 + length if length >= 0 else self.buffer.find(b"\x00", end + 2)
        if stop < 0 or len(self.buffer) <= stop:
            return None
        body = bytes(self.buffer[end + 2 : stop])
        del self.buffer[: stop + 1]
        return Frame(lines[0].decode(), headers, body)

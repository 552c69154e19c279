"""STOMP frames from bytes and back. https://stomp.github.io/stomp-specification-1.2.html"""

import re
from collections.abc import Iterable

from .limits import Limits

VERSIONS = ("1.2", "1.1", "1.0")
UNESCAPED_COMMANDS = frozenset({"CONNECT", "CONNECTED"})
ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
DECODED = {"n": "\n", "c": ":", "\\": "\\", "r": "\r"}
NEWLINE, RETURN = 10, 13
COMMAND_BYTES = 64


class Rejected(Exception):
    """A frame that is answered with ERROR, `headers` among its headers, and with the end of the connection.

    STOMP 1.2, ERROR: "it MUST then close the connection just after sending the ERROR frame".
    """

    def __init__(self, reason: str, *, detail: str = "", headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.headers = headers


class Frame:
    """One frame from a client. `plain`: no header value needs escaping on its way out."""

    __slots__ = ("body", "command", "headers", "plain")

    def __init__(self, command: str, headers: dict[str, str], body: bytes, plain: bool) -> None:
        self.command = command
        self.headers = headers
        self.body = body
        self.plain = plain


class FrameParser:
    """Takes bytes as they come and gives whole frames of at most `frame_bytes`.

    `version` decides how header values are decoded.
    """

    def __init__(self, limits: Limits) -> None:
        self.version = "1.0"
        self._limits = limits
        self.frame_bytes = limits.login_frame_bytes
        self._data = b""
        self._position = 0
        self._rest = bytearray()
        self._needed = 0
        self._awaits_nul = False

    def feed(self, data: bytes) -> None:
        """Add bytes from the wire. Raises Rejected where a frame outgrows the limit."""
        rest = self._rest
        if not rest:
            self._data, self._position = data, 0
            return
        rest += data
        if len(rest) < self._needed or (self._awaits_nul and b"\0" not in data):
            self._check_growth(len(rest))
            return
        self._data, self._position = bytes(rest), 0
        rest.clear()

    def accept_large_frames(self) -> None:
        """The client has logged in: what it sends may be as large as the broker allows."""
        self.frame_bytes = self._limits.head_bytes + self._limits.body_bytes + COMMAND_BYTES

    def next(self) -> Frame | None:
        """The next whole frame, or None until more bytes come. Raises Rejected."""
        data, start = self._data, self._position
        size = len(data)
        while start < size and data[start] in (NEWLINE, RETURN):
            start += 1
        if start == size:
            self._data, self._position = b"", 0
            return None
        end, body = self._head_end(data, start)
        if end < 0:
            self._check_head(data, start)
            self._keep(start)
            return None
        command, headers, plain = self._head(data[start:end])
        stop = self._body_end(data, start, body, headers.get("content-length"))
        if stop < 0:
            return None
        if stop + 1 - start > self.frame_bytes:
            raise Rejected(f"The frame is larger than {self.frame_bytes} bytes")
        self._position = stop + 1
        return Frame(command, headers, data[body:stop], plain)

    def _keep(self, start: int, needed: int = 0, awaits_nul: bool = False) -> None:
        self._rest += self._data[start:]
        self._data, self._position = b"", 0
        self._needed = needed
        self._awaits_nul = awaits_nul
        self._check_growth(len(self._rest))

    def _check_growth(self, size: int) -> None:
        if size > self.frame_bytes:
            raise Rejected(f"The frame is larger than {self.frame_bytes} bytes")

    # STOMP 1.2, Augmented BNF: EOL is [CR] LF, so that the empty line may be LF LF, LF CR LF or both mixed
    @staticmethod
    def _head_end(data: bytes, start: int) -> tuple[int, int]:
        end = data.find(b"\n\n", start)
        crlf = data.find(b"\n\r\n", start, end + 1 if end >= 0 else len(data))
        if crlf >= 0:
            return crlf, crlf + 3
        return end, end + 2

    def _check_head(self, data: bytes, start: int) -> None:
        if data.find(b"\0", start) >= 0:
            raise Rejected("The frame has no blank line after its headers")
        if len(data) - start > self._limits.head_bytes:
            raise Rejected("The frame's headers are too long")
        if len(data) - start > COMMAND_BYTES and data.find(b"\n", start, start + COMMAND_BYTES) < 0:
            raise Rejected("This is not STOMP")

    def _head(self, head: bytes) -> tuple[str, dict[str, str], bool]:
        try:
            text = head.decode()
        except UnicodeDecodeError:
            raise Rejected("The frame's headers are not UTF-8") from None
        if "\r" in text:
            text = "\n".join(line.removesuffix("\r") for line in text.split("\n"))
        if "\0" in text:
            raise Rejected("The frame's headers hold a NUL")
        command, *lines = text.split("\n")
        count = len(lines)
        if count > self._limits.headers or len(text) > self._limits.header_bytes:
            self._check_headers(lines)
        lines.reverse()  # STOMP 1.2, Repeated Header Entries: the first one counts, so it comes last
        try:
            headers: dict[str, str] = dict([line.split(":", 1) for line in lines])
        except ValueError:
            raise Rejected("A header has no colon") from None
        # STOMP 1.2, Value Encoding: CONNECT and CONNECTED are not escaped, to stay readable for STOMP 1.0
        if self.version == "1.0" or command in UNESCAPED_COMMANDS:
            headers = {name.strip(): value.strip() for name, value in headers.items()}
            return command, headers, False
        if "\\" in text:
            if self.version == "1.1" and "\\r" in text.replace("\\\\", ""):
                raise Rejected("Undefined escape sequence \\r in a header: STOMP 1.1 has no carriage return")
            return command, {unescape(name): unescape(value) for name, value in headers.items()}, False
        return command, headers, text.count(":") == count

    def _check_headers(self, lines: list[str]) -> None:
        if len(lines) > self._limits.headers:
            raise Rejected(f"The frame has more than {self._limits.headers} headers")
        if any(len(line) > self._limits.header_bytes for line in lines):
            raise Rejected(f"A header is longer than {self._limits.header_bytes} bytes")

    def _body_end(self, data: bytes, start: int, body: int, length: str | None) -> int:
        if length is None:
            # 1.0 knows content-length too; without it the body ends at the first NUL in every version
            stop = data.find(b"\0", body)
            if stop < 0:
                self._keep(start, awaits_nul=True)
            elif stop - body > self._limits.body_bytes:
                raise Rejected(f"The body is larger than {self._limits.body_bytes} bytes")
            return stop
        if not (length.isascii() and length.isdecimal()):
            raise Rejected("Specified content-length is not a valid integer")
        if len(length) > 12 or int(length) > self._limits.body_bytes:
            raise Rejected(f"The body is larger than {self._limits.body_bytes} bytes")
        stop = body + int(length)
        if stop >= len(data):
            self._keep(start, needed=stop + 1 - start)
            self._check_growth(self._needed)
            return -1
        if data[stop]:
            raise Rejected("content-length bytes were read and there was no trailing null byte")
        return stop


def _decoded(match: re.Match[str]) -> str:
    try:
        return DECODED[match[1]]
    except KeyError:
        raise Rejected(f"Undefined escape sequence {match[0]} in a header") from None


def unescape(text: str) -> str:
    """A header's value as its sender meant it. Raises Rejected on an undefined escape sequence."""
    return ESCAPE.sub(_decoded, text) if "\\" in text else text


def escape(text: str) -> str:
    """A header's value as STOMP 1.2 writes it."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    return text.replace("\r", "\\r").replace("\n", "\\n").replace(":", "\\c")


def escape_for(version: str, text: str) -> str:
    """A header's value as `version` writes it; 1.0 cannot say a line feed."""
    if version == "1.2":
        return escape(text)
    if version == "1.1":
        return text.replace("\\", "\\\\").replace("\n", "\\n").replace(":", "\\c")
    return text.replace("\n", " ")


def encode(version: str, command: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    """The bytes of a frame of ours; CONNECTED is never escaped."""
    escaping = "1.0" if command in UNESCAPED_COMMANDS else version
    lines = "".join(
        f"{escape_for(escaping, name)}:{escape_for(escaping, value)}\n" for name, value in headers
    )
    return f"{command}\n{lines}\n".encode() + body + b"\0"

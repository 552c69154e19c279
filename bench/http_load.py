"""HTTP clients that cost little themselves: bare connections that stay open, answers read by their length."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass
class Taken:
    """Seconds from request to answer, each; and how long all of it lasted."""

    each: list[float] = field(default_factory=list)
    wall: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.each) / self.wall


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader, self._writer, self._host = reader, writer, host

    @classmethod
    async def to(cls, url: str) -> Self:
        """Connect to the server of a URL."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        return cls(reader, writer, parts.netloc)

    async def ask(self, method: str, path: str, document: Any = None) -> bytes:
        """One request below /api; the body of its answer, which must be good."""
        body = b"" if document is None else json.dumps(document).encode()
        kind = "content-type: application/json\r\n" if body else ""
        head = (
            f"{method} /api{path} HTTP/1.1\r\nhost: {self._host}\r\n{kind}content-length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answered = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(answered)
        assert length is not None, answered
        content = await self._reader.readexactly(int(length[1]))
        assert answered[9:12] in (b"200", b"201"), content
        return content

    async def follow(self, path: str, heard: Callable[[bytes], None]) -> None:
        """Follow a stream of events: `heard` gets what comes, as it comes."""
        self._writer.write(f"GET /api{path} HTTP/1.1\r\nhost: {self._host}\r\n\r\n".encode())
        while chunk := await self._reader.read(65_536):
            heard(chunk)

    def close(self) -> None:
        """Let go."""
        self._writer.close()


async def connected(url: str, count: int) -> list[Client]:
    """That many clients."""
    return [await Client.to(url) for _ in range(count)]


async def all_day(
    clients: list[Client], seconds: float, one: Callable[[Client, int], Awaitable[object]]
) -> Taken:
    """Each client does `one` after the other for so long; the number counts over all of them."""
    taken, number = Taken(), iter(range(1 << 60))
    began = time.perf_counter()

    async def work(client: Client) -> None:
        while (now := time.perf_counter()) - began < seconds:
            await one(client, next(number))
            taken.each.append(time.perf_counter() - now)

    await asyncio.gather(*(work(client) for client in clients))
    taken.wall = time.perf_counter() - began
    return taken


def close(clients: list[Client]) -> None:
    """Let all of them go."""
    for client in clients:
        client.close()

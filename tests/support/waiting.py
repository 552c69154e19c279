"""Waiting for a condition, never for a length of time."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def wait_for(look: Callable[[], T], timeout: float = 10.0, every: float = 0.01) -> T:
    """Call `look` until it returns something true; returns that. AssertionError after `timeout` seconds."""
    pause = threading.Event()
    tries = max(1, int(timeout / every))
    for _ in range(tries):
        answer = look()
        if answer:
            return answer
        pause.wait(every)
    raise AssertionError(f"not within {timeout} s: {look}")


async def wait_until(look: Callable[[], Awaitable[T]], timeout: float = 10.0, every: float = 0.01) -> T:
    """The same on an event loop: `look` is awaited, and the loop runs between two looks."""
    deadline = time.monotonic() + timeout
    while not (answer := await look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {look}")
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), every)
    return answer

"""Waiting for the thing itself, never for a length of time."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(look: Callable[[], T], timeout: float = 10.0, every: float = 0.01) -> T:
    """Look until `look()` is true and return its answer; AssertionError after `timeout` wall seconds."""
    pause = threading.Event()
    tries = max(1, int(timeout / every))
    for _ in range(tries):
        answer = look()
        if answer:
            return answer
        pause.wait(every)
    raise AssertionError(f"not within {timeout} s: {look}")

"""Long lists, worked through some items a turn of the loop, so that no other client waits for all of them."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice

SLICE = 64
RETRY_SECONDS = 0.02


def run_in_slices(
    loop: asyncio.AbstractEventLoop, steps: Iterator[None], has_room: Callable[[], bool] = lambda: True
) -> None:
    """Take SLICE of `steps` now and the others in later turns, whenever there is `has_room`.

    `steps` do the work and end the whole by ending.
    """
    if not has_room():
        loop.call_later(RETRY_SECONDS, run_in_slices, loop, steps, has_room)
    elif sum(1 for _ in islice(steps, SLICE)) == SLICE:
        loop.call_soon(run_in_slices, loop, steps, has_room)

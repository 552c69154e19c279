"""Threads that fill buffers yield to the painting thread and still get their share."""

import threading
from itertools import count

from swf_console.terminal.event_loop import ui_event_loop
from swf_console.viewmodels.ui_priority import UiPriority


def test_ui_priority_idle_yields_immediately() -> None:
    calls = count()

    UiPriority().yielder(now=lambda: float(next(calls)))()

    assert next(calls) == 0


def test_ui_priority_becomes_idle_releases_thread() -> None:
    ui_priority = UiPriority()
    ui_priority.busy()
    continued = threading.Event()

    def work() -> None:
        ui_priority.yielder()()
        continued.set()

    threading.Thread(target=work, daemon=True).start()
    ui_priority.idle()

    assert continued.wait(10)


def test_ui_priority_always_busy_leaves_share_to_thread() -> None:
    ui_priority = UiPriority()
    ui_priority.busy()
    times = iter([0.0, 0.03, 0.035, 0.0401, 0.0701])
    wait = ui_priority.yielder(now=lambda: next(times))

    wait()  # 30 ms, and then 10 ms are its own
    wait()  # within those it does not wait, so the clock is looked at once
    wait()

    assert not list(times)


def test_ui_event_loop_callback_is_busy_and_wait_is_idle() -> None:
    ui_priority = UiPriority()
    loop = ui_event_loop(ui_priority)
    seen: list[bool] = []
    waited = threading.Event()

    def busy() -> bool:
        calls = count()
        ui_priority.yielder(now=lambda: float(next(calls)))()
        return next(calls) > 0

    def in_a_callback() -> None:
        seen.append(busy())
        threading.Thread(target=from_outside, daemon=True).start()

    def from_outside() -> None:
        while busy():
            pass
        waited.set()
        loop.call_soon_threadsafe(loop.stop)

    loop.call_soon(in_a_callback)
    loop.call_later(60, loop.stop)
    loop.run_forever()
    seen.append(busy())
    loop.close()
    seen.append(busy())

    assert seen == [True, True, False]
    assert waited.is_set()

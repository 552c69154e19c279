"""Probes: their patience counts from the question, not from the start of the process."""

import threading

from swf_console.backend.services.health.connection import Connectivity, readiness_of
from swf_console.backend.services.health.probe import Probe


def test_probe_slow_imports_do_not_use_up_patience() -> None:
    loaded = threading.Event()
    probe = Probe(lambda: "answer", prepare=lambda: loaded.wait(10))
    threading.Timer(0.3, loaded.set).start()
    assert probe.within(0.2, lambda: "no answer") == "answer"


def test_probe_no_answer_in_time_returns_otherwise() -> None:
    blocked = threading.Event()
    probe = Probe(lambda: blocked.wait(10))
    assert probe.within(0.05, lambda: False) is False
    blocked.set()
    assert probe.within(10, lambda: False) is True


def test_readiness_slow_is_not_called_not_ready() -> None:
    up, slow, down = Connectivity.UP, Connectivity.SLOW, Connectivity.DOWN
    assert readiness_of(up, Connectivity.IDLE) == "ready"
    assert readiness_of(up, slow) == "no answer yet"
    assert readiness_of(slow, down) == "not ready"
    assert readiness_of(up, Connectivity.STARTING) == "starting"

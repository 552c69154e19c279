"""Live output is repainted less often on slow terminals only."""

from io import StringIO

from swf_console.widgets.repaint import OUTPUT_SHARE, SLOW_SECONDS, RepaintLimiter, TerminalOutput

TICK = 0.1
FRAME = 20_000


class SimulatedLink(StringIO):
    """A link that takes `rate` characters a second, has capacity for so many, and makes time pass."""

    def __init__(self, rate: float, capacity: float = 22_000.0) -> None:
        super().__init__()
        self.rate, self.capacity, self.now = rate, capacity, 100.0
        self.queued = 0.0
        self.sent = 0

    def write(self, text: str) -> int:
        self.sent += len(text)
        self.queued += len(text)
        self.advance(max(0.0, self.queued - self.capacity) / self.rate)
        return len(text)

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.queued = max(0.0, self.queued - seconds * self.rate)


class Console:
    """Paints whenever it is due."""

    def __init__(self, rate: float) -> None:
        self.link = SimulatedLink(rate)
        self.output = TerminalOutput(self.link, lambda: self.link.now)
        self.limiter = RepaintLimiter(lambda: self.link.now)

    def run_for(self, seconds: float) -> list[float]:
        """Returns how long a key of each moment would wait for the link."""
        waits, ends = [], self.link.now + seconds
        while self.link.now < ends:
            if self.limiter.due(self.output):
                self.output.write("x" * FRAME)
            self.link.advance(TICK / 2)
            waits.append(self.link.queued / self.link.rate)
            self.link.advance(TICK / 2)
        return waits


def test_repaint_limiter_fast_terminal_repaints_every_time() -> None:
    console = Console(10e6)
    console.run_for(10)
    assert console.link.sent >= 99 * FRAME
    assert not console.limiter.slow


def test_repaint_limiter_slow_terminal_uses_less_than_half_of_rate() -> None:
    console = Console(100_000)
    console.run_for(3)
    before = console.link.sent
    waits = console.run_for(20)
    assert console.limiter.slow
    assert (console.link.sent - before) / 20 <= 1.1 * OUTPUT_SHARE * console.link.rate
    assert sorted(waits)[len(waits) // 2] < 0.1


def test_repaint_limiter_slowest_terminal_still_repaints() -> None:
    console = Console(1_000)
    console.run_for(120)
    assert console.link.sent >= 4 * FRAME


def test_repaint_limiter_single_blocked_write_is_not_slow() -> None:
    console = Console(10e6)
    console.link.queued = 500_000 + console.link.capacity
    console.run_for(3)
    assert console.output.full_at > 0
    assert not console.limiter.slow


def test_repaint_limiter_faster_link_is_not_slow_again() -> None:
    console = Console(100_000)
    console.run_for(3)
    assert console.limiter.slow
    console.link.rate = 10e6
    console.run_for(SLOW_SECONDS + 1)
    assert not console.limiter.slow


def test_repaint_limiter_without_terminal_is_due() -> None:
    assert RepaintLimiter().due(None)

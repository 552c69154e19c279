"""One line a minute for each sender, and what was omitted is counted."""

from swf_console.backend.core.log_limit import LogLimit


class Clock:
    """A clock that the test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_log_limit_second_line_within_a_minute_is_omitted_and_counted() -> None:
    clock = Clock()
    limit = LogLimit(clock=clock)
    assert [limit.admit("a") for _ in range(4)] == ["", None, None, None]
    assert limit.admit("b") == ""
    clock.now += 60
    assert limit.admit("a") == "; 3 more of this sender in the last minute"
    assert limit.admit("a") is None
    clock.now += 60
    assert limit.admit("a") == "; 1 more of this sender in the last minute"


def test_log_limit_many_invented_senders_share_one_line() -> None:
    clock = Clock()
    limit = LogLimit(senders=10, clock=clock)
    admitted = [limit.admit(f"sender {n}") for n in range(1000)]
    assert len([one for one in admitted if one is not None]) == 11
    clock.now += 600
    assert limit.admit("another") == ""
    assert limit.admit("sender 1") == ""

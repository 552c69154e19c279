"""Alarms from when they are raised until they are acknowledged or over."""

from swf_console.backend.services.alarms.alarm_list import Alarm, AlarmList, attention


def test_the_same_alarm_stands_once_until_it_is_acknowledged() -> None:
    alarms = AlarmList()
    assert alarms.add(Alarm("a is FATAL", key="a"))
    assert not alarms.add(Alarm("a is FATAL", key="a"))
    assert alarms.add(Alarm("b is slow", bad=False, key="b"))
    assert alarms.counts == (1, 1)
    newest = alarms.acknowledge()
    assert newest is not None
    assert newest.text == "b is slow"
    assert alarms.add(Alarm("b is slow", bad=False, key="b"))


def test_what_is_over_waits_for_no_acknowledgement() -> None:
    alarms = AlarmList()
    alarms.add(Alarm("a is FATAL", key="a"))
    alarms.add(Alarm("a screen raised it"))
    alarms.clear("a")
    alarms.clear("")
    assert alarms.counts == (1, 0)
    assert alarms.newest is not None
    assert alarms.newest.text == "a screen raised it"


def test_the_title_of_the_window_says_how_many_alarms_wait() -> None:
    assert [attention(2, 1), attention(0, 1), attention(0, 0)] == ["2 need you", "1 to watch", "ok"]

"""Alarms from when they are raised until they are acknowledged or over."""

from swf_console.backend.services.alarms.alarm_list import Alarm, AlarmList, attention


def test_alarm_list_same_alarm_once_until_acknowledged() -> None:
    alarms = AlarmList()
    assert alarms.add(Alarm("a is FATAL", key="a"))
    assert not alarms.add(Alarm("a is FATAL", key="a"))
    assert alarms.add(Alarm("b is slow", bad=False, key="b"))
    assert alarms.counts == (1, 1)
    newest = alarms.acknowledge()
    assert newest is not None
    assert newest.text == "b is slow"
    assert alarms.add(Alarm("b is slow", bad=False, key="b"))


def test_alarm_list_cleared_alarm_needs_no_acknowledgement() -> None:
    alarms = AlarmList()
    alarms.add(Alarm("a is FATAL", key="a"))
    alarms.add(Alarm("a screen raised it"))
    alarms.clear("a")
    alarms.clear("")
    assert alarms.counts == (1, 0)
    assert alarms.newest is not None
    assert alarms.newest.text == "a screen raised it"


def test_attention_counts_alarms() -> None:
    assert [attention(2, 1), attention(0, 1), attention(0, 0)] == ["2 need you", "1 to watch", "ok"]

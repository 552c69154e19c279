"""The rules of alarms: what is reported once, and when it is over."""

from swf_console.backend.services.alarms.rules import BrokerRule, ConnectionRule
from swf_console.backend.services.broker.problems import BrokerProblem
from swf_console.backend.services.health.connection import ConnectionStatus, Connectivity


def test_connection_rule_short_outage_no_alarm_long_one_alarm() -> None:
    clock = [0.0]
    rule = ConnectionRule(lambda: clock[0])
    down = [ConnectionStatus("broker", Connectivity.DOWN, error="gone")]
    assert list(rule.check(down)) == []
    clock[0] = 6.0
    (event,) = rule.check(down)
    assert (event.alarm, event.screen) == (True, "doctor")
    assert event.text == "the broker is not reachable: gone"
    assert list(rule.check(down)) == []
    (over,) = rule.check([ConnectionStatus("broker", Connectivity.UP)])
    assert (over.key, over.over) == ("broker", True)


def test_connection_rule_slow_backend_alarm_after_half_a_minute() -> None:
    clock = [0.0]
    rule = ConnectionRule(lambda: clock[0])
    slow = [ConnectionStatus("db", Connectivity.SLOW, error="no answer yet (9 s)")]
    assert list(rule.check(slow)) == []
    clock[0] = 20.0
    assert list(rule.check(slow)) == []
    clock[0] = 31.0
    (event,) = rule.check(slow)
    assert event.text == "the database does not answer: no answer yet (9 s)"


def test_broker_rule_warning_becomes_an_alarm_once_messages_are_refused() -> None:
    rule = BrokerRule()
    nearly = BrokerProblem("store", "the broker's store is nearly full", "See what fills it")
    (warning,) = rule.check([nearly])
    assert (warning.alarm, warning.bad, warning.screen) == (True, False, "broker")
    assert warning.text == "the broker's store is nearly full. See what fills it"
    assert list(rule.check([nearly])) == []
    (alarm,) = rule.check([BrokerProblem("store", "persistent messages are refused", "", refuses=True)])
    assert alarm.bad
    (over,) = rule.check([])
    assert (over.key, over.over) == ("broker store", True)

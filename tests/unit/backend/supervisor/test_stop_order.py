"""The order of stopping: runner, agents, monitor, watch, and the embedded broker last."""

from configparser import RawConfigParser

from swf_console.backend.services.agents.names import BROKER, MONITOR, RUNNER, STAYS
from swf_console.backend.supervisor.foreign_home import service_configuration
from swf_console.backend.supervisor.stop_order import PHASES, in_stop_order
from tests.support.homes import CHECKOUT

AGENTS = ("example-data-agent", "slice-worker", "declared")


def test_in_stop_order_clients_come_before_services() -> None:
    programs = [BROKER, "watch", *AGENTS, MONITOR, RUNNER]
    order = in_stop_order(programs, str)
    assert order == [[RUNNER], [*AGENTS], [MONITOR], ["watch"], [BROKER]]
    assert in_stop_order([], str) == []
    assert {RUNNER, *STAYS} <= set(PHASES)


def test_supervisor_conf_priorities_give_the_stop_order() -> None:
    for text in ((CHECKOUT / "agents.supervisord.conf").read_text(), service_configuration()):
        parser = RawConfigParser(inline_comment_prefixes=(";",))
        parser.read_string(text)
        programs = [one.partition(":")[2] for one in parser.sections() if one.startswith("program:")]
        # supervisord stops the highest priority first, and waits for it
        stopped = sorted(programs, key=lambda name: -parser.getint(f"program:{name}", "priority"))
        phases = [PHASES.get(name, 1) for name in stopped]
        assert phases == sorted(phases), stopped

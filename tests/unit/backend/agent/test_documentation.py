"""The agent in docs/writing-an-agent.md works as it stands."""

import re

from swf_console.backend.agent.base import Agent
from swf_console.backend.core.destinations import EPICTOPIC
from swf_console.backend.database import logs
from swf_console.backend.database.records.agents import LogFilter
from tests.support.agents import EXECUTION, AgentStage
from tests.support.homes import CHECKOUT
from tests.support.waiting import wait_for

PAGE = CHECKOUT / "docs/writing-an-agent.md"


def documented_agent() -> type[Agent]:
    code = re.search(r"```python\n(#!.*?)```", PAGE.read_text(), re.DOTALL)
    assert code is not None
    names: dict[str, type[Agent]] = {"__name__": "quality_agent"}  # type: ignore[dict-item]
    exec(compile(code[1], str(PAGE), "exec"), names)  # noqa: S102 (it is our own page)
    return names["QualityAgent"]


def test_documented_agent_receives_stfs_stores_verdicts(stage: AgentStage) -> None:
    stage.record_execution({"stf_processing": {"smallest_stf_bytes": 1000}})
    with stage.running(documented_agent()):
        stage.send("stf_ready", filename="swf.100010.000001.stf", size_bytes=2000)
        stage.send("stf_ready", filename="swf.100010.000002.stf", size_bytes="999")
        stage.send("stf_ready", filename="swf.100010.000003.stf", size_bytes="many")
        stage.send("end_run")
        wait_for(lambda: len(stage.heard(EPICTOPIC, "quality_checked")) == 2)
        stage.settled()

    checked = stage.heard(EPICTOPIC, "quality_checked")
    assert [each["verdict"] for each in checked] == ["good", "too small"]
    with stage.database.read() as connection:
        lines = logs.page(connection, LogFilter(app_name="quality-agent")).items
    assert any("size_bytes = 'many' is not a whole number" in line.message for line in lines)
    assert {"run 100010 has ended"} <= {line.message for line in lines}
    assert all(
        line.extra_data == {"execution_id": EXECUTION} for line in lines if line.message.startswith("run")
    )

"""The console in a headless Chromium: a workflow is started and completes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from ..conftest import running
from ..support.browser import TerminalPage, chromium
from ..support.homes import plain_environment, run
from ..support.processes.site import SWF_CONSOLE
from ..support.processes.web_console import WebConsoleProcess
from ..support.waiting import wait_for


@pytest.fixture
def browser() -> Iterator[Browser]:
    """One of this test alone."""
    yield from running(chromium())


@pytest.fixture
def served(new_home: Path) -> Iterator[WebConsoleProcess]:
    """A new home, served to this machine."""
    with WebConsoleProcess(new_home, "--namespace", "demo") as made:
        yield made


@pytest.fixture
def page(browser: Browser, served: WebConsoleProcess) -> TerminalPage:
    """The console on a page of that browser."""
    made = TerminalPage(browser.new_page(viewport={"width": 1280, "height": 800}))
    made.open(served.address)
    made.wait_for("demo", "1 OVERVIEW", "broker ●", "db ●")
    made.type("R")
    made.wait_for("Run a workflow", "as fast as possible", "keeps up")
    return made


def test_browser_launched_run_completes(page: TerminalPage, served: WebConsoleProcess) -> None:
    page.type("s")
    page.wait_for("1 OVERVIEW", "stf_datataking-shifter-0001 started by")
    page.type("4")
    page.wait_for("4 EXECUTIONS", "stf_datataking-shifter-0001", "completed")
    assert all(each.startswith((served.site, "data:")) for each in page.asked), page.asked
    assert served.consoles()
    page.page.close()
    wait_for(lambda: not served.consoles(), 20)


def test_browser_closed_tab_ends_its_execution(
    page: TerminalPage, served: WebConsoleProcess, new_home: Path
) -> None:
    page.type("p")
    page.wait_for("realtime")
    page.type("s")
    page.wait_for("1 OVERVIEW", "realtime, in this console")
    page.page.close()
    wait_for(lambda: not served.consoles(), 30)
    shown = run([SWF_CONSOLE, "executions", "--json"], cwd=new_home, environment=plain_environment())
    (execution,) = map(json.loads, shown.stdout.splitlines())
    assert (execution["executed_by"], execution["status"]) == ("shifter", "terminated")

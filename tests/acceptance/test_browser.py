"""The console in a browser: a headless Chromium opens the page, starts a workflow, and sees it complete."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from ..conftest import running
from ..support.browser import TerminalPage, chromium
from ..support.served import Served
from ..support.waiting import wait_for


@pytest.fixture
def browser() -> Iterator[Browser]:
    """One of this test alone."""
    yield from running(chromium())


@pytest.fixture
def served(new_home: Path) -> Iterator[Served]:
    """A new home, served to this machine."""
    with Served(new_home, "--namespace", "demo") as made:
        yield made


def test_a_workflow_is_started_from_the_keyboard_and_completes(browser: Browser, served: Served) -> None:
    page = TerminalPage(browser.new_page(viewport={"width": 1280, "height": 800}))
    page.open(served.address)
    page.wait_for("demo", "1 OVERVIEW", "broker ●", "db ●")
    page.type("R")
    page.wait_for("Run a workflow", "as fast as possible", "keeps up")
    page.type("s")
    page.wait_for("1 OVERVIEW", "stf_datataking-shifter-0001 runs")
    page.type("4")
    page.wait_for("4 EXECUTIONS", "stf_datataking-shifter-0001", "completed")
    assert all(each.startswith((served.site, "data:")) for each in page.asked), page.asked
    assert served.consoles()
    page.page.close()
    wait_for(lambda: not served.consoles(), 20)

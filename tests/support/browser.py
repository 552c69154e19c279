"""A headless Chromium, and what stands on the terminal of a page: what the page has received, emulated."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
from playwright.sync_api import Browser, Page, Playwright, WebSocket, sync_playwright

from .processes.server import ServiceMissing

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Chromium's own sandbox does not start as root, nor in most containers
OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage", "--use-gl=swiftshader"]
MILLISECONDS = 30_000.0


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. Raises ServiceMissing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_program(playwright), args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


def _program(playwright: Playwright) -> str:
    """The system's Chromium, else the one that `playwright install` has brought."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    brought = playwright.chromium.executable_path
    if found is None and not Path(brought).exists():
        raise ServiceMissing(
            "Chromium is missing: apt-get install --no-install-recommends chromium-headless-shell"
        )
    return found or brought


class TerminalPage:
    """A page with the console on it: typed into, and read as the terminal that it shows."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", self._listen)

    def open(self, address: str) -> None:
        """Load it."""
        self.page.goto(address)

    @property
    def screen(self) -> str:
        """What stands on it."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def wait_for(self, *texts: str) -> str:
        """Wait until all of these stand on it at once; returns it."""
        waited = 0.0
        while not all(text in self.screen for text in texts):
            assert waited < MILLISECONDS, f"{texts} did not appear on\n{self.screen}"
            # lets the page's events come in
            self.page.wait_for_timeout(50)
            waited += 50
        return self.screen

    def type(self, text: str) -> None:
        """Type characters."""
        self.page.keyboard.type(text)

    def press(self, *keys: str) -> None:
        """Press keys by playwright's names."""
        for key in keys:
            self.page.keyboard.press(key)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._received)
        socket.on("framesent", self._sent)

    def _received(self, payload: bytes | str) -> None:
        if isinstance(payload, bytes):
            self._stream.feed(payload)

    def _sent(self, payload: bytes | str) -> None:
        kind, value = json.loads(payload)[:2]
        if kind == "resize":
            self._screen.resize(value["height"], value["width"])

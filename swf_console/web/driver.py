"""The Textual driver of a console whose terminal is a browser tab."""

import os
from contextlib import suppress
from typing import Any

from textual.app import App
from textual.drivers.web_driver import WebDriver
from textual.messages import ExitApp


class TabDriver(WebDriver):
    """Textual's web driver; it also ends the console when the server has ended."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._write = self._send  # type: ignore[assignment]

    def run_input_thread(self) -> None:
        """Read the server's input; end the console at its end."""
        super().run_input_thread()
        self._app.post_message(ExitApp())

    def _send(self, data: bytes) -> int:
        with suppress(BrokenPipeError):
            return os.write(self.fileno, data)
        return len(data)

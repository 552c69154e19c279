"""One tab: the console's process behind it, from the first byte to the last."""

import asyncio
from contextlib import suppress
from signal import SIGKILL, SIGTERM

from textual_serve.app_service import AppService

from . import DRIVER

# an execution of this process is ended in order, and its last messages are confirmed
QUIT_SECONDS = 15.0
TERMINATE_SECONDS = 5.0
# the server may run in tmux or screen, the browser's terminal does not
REMOVED = ("TMUX", "STY")


class TabSession(AppService):
    """Starts one console, and ends it when the tab is gone."""

    async def stop(self) -> None:
        """Ask the console to quit and wait for its end; one that does not is terminated."""
        task, self._task = self._task, None
        if task is None or self._process is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIT_SECONDS):
                await self.send_meta({"type": "quit"})
                await asyncio.wait({task})
                # what is still painted must go somewhere, or the process waits for ever
                await self._process.communicate()
        for number in (SIGTERM, SIGKILL):
            if self._process.returncode is None:
                with suppress(ProcessLookupError, TimeoutError):
                    self._process.send_signal(number)
                    await asyncio.wait_for(self._process.wait(), TERMINATE_SECONDS)
        await asyncio.wait({task})

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        environment = super()._build_environment(width, height)
        kept = {name: value for name, value in environment.items() if name not in REMOVED}
        return kept | {"TEXTUAL_DRIVER": DRIVER, "TERM": "xterm-256color"}

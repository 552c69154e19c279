"""The console process of one tab."""

import asyncio
from contextlib import suppress
from signal import SIGKILL, SIGTERM

from textual_serve.app_service import AppService

from . import DRIVER

# long enough to end a local execution and to get its last messages confirmed
QUIT_SECONDS = 15.0
TERMINATE_SECONDS = 5.0
# the server may run in tmux or screen; the browser's terminal is neither
REMOVED = ("TMUX", "STY")


class TabSession(AppService):
    """Starts one console, and ends it when the tab is closed."""

    async def stop(self) -> None:
        """Request the console to quit and wait for its end; terminate it if it does not."""
        task, self._task = self._task, None
        if task is None or self._process is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIT_SECONDS):
                await self.send_meta({"type": "quit"})
                await asyncio.wait({task})
                # the remaining output must be read, or the process blocks in a full pipe
                await self._process.communicate()
        for number in (SIGTERM, SIGKILL):
            if self._process.returncode is None:
                with suppress(ProcessLookupError, TimeoutError):
                    self._process.send_signal(number)
                    await asyncio.wait_for(self._process.wait(), TERMINATE_SECONDS)
        await asyncio.wait({task})

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        environment = super()._build_environment(width, height)
        variables = {name: value for name, value in environment.items() if name not in REMOVED}
        return variables | {"TEXTUAL_DRIVER": DRIVER, "TERM": "xterm-256color"}

"""Draws docs/pictures/: the console itself over a testbed that runs, at both sizes. `make pictures`."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from textual.pilot import Pilot

from swf_console.app import ConsoleApp
from swf_console.backend.core.settings import load_settings
from swf_console.backend.services.home import write_home
from swf_console.viewmodels.context import ConsoleContext

CHECKOUT = Path(__file__).resolve().parents[1]
PICTURES = CHECKOUT / "docs/pictures"
PROGRAMS = Path(sys.executable).parent
NAMESPACE, USER = "epic-dev", "alice"
SIZES = ((80, 24), (160, 50))
PATIENCE = 60.0
COLOURFUL = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
# A run of three minutes with something to see everywhere.
PARAMETERS = """
[parameters]
stf_count = 90
stf_sampling_rate = 0.2
slice_processing_time = 4
"""

Draw = Callable[["Console"], Awaitable[None]]


class Testbed:
    """A home of its own, and the command line in it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "testbed"
        write_home(self.home)
        path = self.home / "workflows/testbed.toml"
        text = path.read_text().replace("your-namespace", NAMESPACE)
        path.write_text(text.partition("[parameters]")[0] + PARAMETERS)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = kept | {"SWF_CONSOLE_HOME": str(self.home), "USER": USER}

    def run(self, program: str, *words: str) -> None:
        """Run one command to its end."""
        command = [str(PROGRAMS / program), *words]
        subprocess.run(command, cwd=self.home, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def interrupted(self, *words: str) -> None:
        """Begin a run and end it by Ctrl-C as soon as it says where it is."""
        command = [str(PROGRAMS / "swf-console"), *words]
        process = subprocess.Popen(
            command, cwd=self.home, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(5)
        process.send_signal(signal.SIGINT)
        process.wait()


@contextmanager
def running(testbed: Testbed) -> Iterator[None]:
    """Some runs of the past, and one under way with its agents."""
    once = ("--run", "stf_datataking", "--workflow-config", "fast_processing_default")
    testbed.run("swf-console", *once, "--stf-count", "10")
    testbed.run("swf-console", *once, "--set", "fast_processing.slices_per_sample=20", "--stf-count", "100")
    testbed.interrupted(*once, "--realtime")
    testbed.run("swf-console", "up", "fast_processing")
    try:
        yield
    finally:
        testbed.run("swf-console", "down")
        testbed.run("supervisorctl", "-c", "agents.supervisord.conf", "shutdown")


class Console:
    """The console of one picture after the other."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[int], size: tuple[int, int]) -> None:
        self._app, self.pilot, self._size = app, pilot, size

    async def wait_for(self, *patterns: str) -> None:
        """Wait until all of these are on screen at once."""
        deadline = time.monotonic() + PATIENCE
        while not all(re.search(pattern, self._screen()) for pattern in patterns):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{patterns} did not appear on\n{self._screen()}")
            await asyncio.sleep(0.1)

    def draw(self, name: str) -> None:
        """Write what is on screen."""
        path = PICTURES / f"{name}-{'x'.join(map(str, self._size))}.svg"
        svg = self._app.export_screenshot(title="swf-console", simplify=True)
        # a picture loads nothing from other sites
        path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))
        sys.stderr.write(f"{path.relative_to(CHECKOUT)}\n")

    def _screen(self) -> str:
        return "\n".join(strip.text for strip in self._app.screen._compositor.render_strips())


async def overview(console: Console) -> None:
    await console.pilot.press("1")
    await console.wait_for("1 execution running, [2-9][0-9] of", "slice_result", "superv ●")
    await console.wait_for("[2-9][0-9] in the last minute")
    console.draw("overview")


async def agents(console: Console) -> None:
    await console.pilot.press("2")
    await console.wait_for("slice-worker-1 ", "processing", "[0-9]%")
    await console.pilot.press(*["down"] * 5)
    await console.wait_for("── workflow-runner .*FOLLOW", "serves namespace")
    console.draw("agents")


async def messages(console: Console) -> None:
    await console.pilot.press("3")
    await console.wait_for("FOLLOW", "[0-9] tf_file_registe")
    console.draw("messages")


async def executions(console: Console) -> None:
    await console.pilot.press("4")
    await console.wait_for("terminated", "running")
    console.draw("executions")
    await console.pilot.press("g", "enter")
    await console.wait_for("SUMMARY", "run/physics", "STFs")
    console.draw("execution")
    await console.pilot.press("escape")


async def fast_processing(console: Console) -> None:
    await console.pilot.press("7")
    await console.wait_for("ACTUAL:", "workers", "processing")
    console.draw("fast-processing")


SCREENS: tuple[Draw, ...] = (overview, messages, agents, fast_processing, executions)


async def draw_all(testbed: Testbed, size: tuple[int, int]) -> None:
    """Open the console at that size, and draw every screen."""
    settings = load_settings(testbed.environment, home=testbed.home)
    services = ConsoleContext(settings, NAMESPACE)
    app = ConsoleApp(services, environ=COLOURFUL)
    try:
        async with app.run_test(size=size) as pilot:
            console = Console(app, pilot, size)
            for screen in SCREENS:
                await screen(console)
    finally:
        services.close()


def main() -> None:
    """Draw everything."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        testbed = Testbed(Path(folder))
        with running(testbed):
            for size in SIZES:
                asyncio.run(draw_all(testbed, size))


if __name__ == "__main__":
    main()

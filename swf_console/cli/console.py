"""`swf-console` on a terminal: the full-screen console."""

import argparse
import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..viewmodels.context import ConsoleContext
    from ..viewmodels.prefetch import Prefetch

OVERVIEW = "swf_console.viewmodels.overview"
FRAMES = "120"
DRIVERS = {
    "unicode": "swf_console.terminal.driver:TerminalDriver",
    "ascii": "swf_console.terminal.ascii_driver:AsciiDriver",
}
SWITCH_SECONDS = 0.001
CRASHED = 1
LOG = "console.log"
BROKE = "Agents are not affected. The traceback is in the journal (swf-console journal) and in"
# young garbage is found in a few milliseconds; a collection of all objects stalls painting for 60-130 ms
GC_THRESHOLDS = (10_000, 20, 100_000)


def open_app(arguments: argparse.Namespace) -> int:
    """Open the console and return its exit code."""
    # loading modules creates no garbage: collecting meanwhile only delays the first paint
    gc.disable()
    from ..viewmodels.prefetch import Prefetch

    given = (arguments.home, arguments.testbed_config, arguments.namespace)
    prefetch: Prefetch[Any] = Prefetch(OVERVIEW, given)
    try:
        return _open(arguments, prefetch)
    finally:
        prefetch.close()


def _open(arguments: argparse.Namespace, prefetch: "Prefetch[Any]") -> int:
    from ..backend.core.errors import UsageError
    from ..backend.core.logs import log_to_file
    from ..backend.core.settings import load_settings
    from ..backend.services.executions.watchdog import Watchdog, new_owner_id
    from ..viewmodels.context import ConsoleContext
    from ..viewmodels.namespaces.setup import namespace_of
    from ..viewmodels.preferences import load_preferences
    from .key_names import known_keys

    settings = load_settings(home=arguments.home, testbed_config=arguments.testbed_config)
    namespace = namespace_of(settings, arguments.namespace)
    preferences = load_preferences(known=known_keys)
    owner = new_owner_id(settings)
    watchdog = Watchdog(settings, owner)
    try:
        with suppress(UsageError):  # a read-only state directory: the console works without a log
            log_to_file(settings.logs_dir / LOG)
        context = ConsoleContext(
            settings, namespace, arguments.read_only, preferences, lease_owner=owner, prefetch=prefetch
        )
        context.close_unused_prefetch()
        return show(context)
    finally:
        watchdog.dismiss()


def show(context: "ConsoleContext") -> int:
    """Run the application until the user leaves it."""
    from ..viewmodels.terminal import symbols_of

    # frames per second of Textual, which reads this when it is imported
    os.environ.setdefault("TEXTUAL_FPS", FRAMES)
    os.environ.setdefault("TEXTUAL_DRIVER", DRIVERS[symbols_of(context.preferences, os.environ)])
    import asyncio

    from ..app import ConsoleApp
    from ..terminal.event_loop import ui_event_loop
    from ..widgets.strips import avoid_strip_cycles
    from .output import say

    # shorter time slices: threads that read messages give way to the thread that paints
    sys.setswitchinterval(SWITCH_SECONDS)
    avoid_strip_cycles()
    gc.freeze()
    gc.enable()
    gc.set_threshold(*GC_THRESHOLDS)
    app = ConsoleApp(context)
    try:
        with asyncio.Runner(loop_factory=lambda: ui_event_loop(context.ui_priority)) as runner:
            code = runner.run(app.run_async(mouse=context.preferences.mouse))
    finally:
        context.ui_state.save()
        context.close()
    if app.failure:
        say(f"swf-console: console failed: {app.failure}. {BROKE} {context.settings.logs_dir / LOG}")
        return CRASHED
    return code if code is not None else app.return_code or 0

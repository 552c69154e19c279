"""Writes one overview snapshot as a pickle to standard output: the console's prefetch.

Arguments: home, testbed.toml, namespace; each may be empty.
"""

import gc
import os
import pickle
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

MAX_SECONDS = 10
NICENESS = 10


def main(arguments: Sequence[str]) -> None:
    """Read the overview and write it."""
    # on a single core the console's own start has priority
    os.nice(NICENESS)
    gc.disable()
    signal.alarm(MAX_SECONDS)
    from ...backend.core.settings import load_settings
    from ..context import ConsoleContext
    from ..namespaces.setup import namespace_of
    from .monitor import OverviewMonitor

    home, testbed_config, namespace = arguments
    settings = load_settings(
        home=Path(home) if home else None, testbed_config=Path(testbed_config) if testbed_config else None
    )
    context = ConsoleContext(settings, namespace_of(settings, namespace or None), read_only=True)
    sys.stdout.buffer.write(pickle.dumps(OverviewMonitor(context).snapshot()))
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])

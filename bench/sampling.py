"""Where the time of a run goes: its threads' own CPU, and in which library their samples fall.

`python -m bench.sampling WORDS...` runs `swf-console WORDS...` in this process and prints the profile.
"""

import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from .harness import measure
from .stage import CHECKOUT, Home, run_words

EVERY = 0.002
SITE = "site-packages/"
HERE = str(CHECKOUT) + "/"
# a thread whose innermost frame is one of these waits
WAITING = {
    ("threading.py", "wait"),
    ("threading.py", "_wait_for_tstate_lock"),
    ("headless.py", "_next_call"),
    ("transport.py", "receive"),
}


def profile_run(home: Home, count: int) -> str:
    """The profile of one run, a line for each thread and library that took a fiftieth of it or more."""
    words = [sys.executable, "-m", "bench.sampling", "--home", str(home.path), *run_words(count), "--json"]
    told = measure(words, cwd=CHECKOUT, env=home.environ).output
    return told.partition("\nprofile\n")[2].rstrip()


class Sampler(threading.Thread):
    """Looks at every other thread, every two milliseconds of wall time."""

    def __init__(self) -> None:
        super().__init__(name="sampler", daemon=True)
        self.ended = threading.Event()
        self.seen: Counter[tuple[str, str]] = Counter()

    def run(self) -> None:
        """Sample until ended."""
        while not self.ended.wait(EVERY):
            names = {thread.ident: _kind(thread.name) for thread in threading.enumerate()}
            for ident, frame in sys._current_frames().items():
                if ident != self.ident and not _waits(frame):
                    self.seen[names.get(ident, "other"), _library(frame)] += 1

    def lines(self) -> list[str]:
        """The profile, largest first."""
        total = sum(self.seen.values()) or 1
        shares = [(n / total, thread, library) for (thread, library), n in self.seen.most_common()]
        return [f"{share:4.0%}  {thread:16} {library}" for share, thread, library in shares if share >= 0.02]


def _kind(name: str) -> str:
    return "execution" if "-" in name and name.startswith("stf_") else name


def _waits(frame: FrameType) -> bool:
    code = frame.f_code
    return (Path(code.co_filename).name, code.co_name) in WAITING


def _library(frame: FrameType) -> str:
    file = frame.f_code.co_filename
    if file.startswith(HERE) and SITE not in file:
        parts = Path(file.removeprefix(HERE)).parts
        return "/".join(parts[2:4] if parts[0] == "swf_console" and len(parts) > 2 else parts)
    return file.partition(SITE)[2].partition("/")[0] or Path(file).stem


def main(words: Sequence[str]) -> int:
    """Run one command line under the sampler."""
    from swf_console.__main__ import main as console

    sampler = Sampler()
    sampler.start()
    began = time.process_time()
    code = console(words)
    cpu = time.process_time() - began
    sampler.ended.set()
    sampler.join()
    with suppress(BrokenPipeError):
        print("\nprofile")
        print(f"CPU {cpu:.2f} s, start-up included; samples of threads that do not wait:")
        print("\n".join(sampler.lines()))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Two hundred cells of the Executions screen that change each second, in rows that another program writes."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from swf_console.backend.database import Database, open_database

from .console import OPEN, READY
from .harness import Row, cpu_seconds, main_seconds, shown
from .seeding import seed
from .stage import CONSOLE, Home, Stage
from .terminal import Terminal

TITLE = "200 cells that are seen change each second, 160x50; the control is the same console before"
EXECUTIONS = 1_000
CHANGED = 40
CELLS = 5
UNDER_CURSOR = re.compile(r"▌.\S+ \S+ +(seeded-\d+)")
CHANGE = """
    UPDATE swf_workflow_executions
    SET executed_by = :user, status = :status, namespace = :namespace,
        start_time = strftime('%Y-%m-%d %H:%M:%S.000000', start_time, '+60 seconds'),
        end_time = strftime('%Y-%m-%d %H:%M:%S.000000', start_time, '+60 seconds', :took)
    WHERE execution_id >= :first
    """


def rows(stage: Stage) -> list[Row]:
    """What a core has to do for it, and whether the cursor stays on its row."""
    seconds = stage.amount(30, 5)
    with _seeded(stage) as home, Terminal([CONSOLE, *OPEN], cwd=home.path, env=home.environ) as terminal:
        wanted = _placed(terminal)
        calm = _share(terminal, seconds / 2)
        with _changing(home):
            time.sleep(1.5)
            terminal.forget()
            busy = _share(terminal, seconds)
            found = UNDER_CURSOR.findall(terminal.text)
            seen = len(set(re.findall(r"user-\d+", terminal.text)))
    name = f"{CHANGED * CELLS} cells a second"
    return [
        Row(
            f"{name}: a core",
            shown(busy[0] * 100, "%"),
            shown(calm[0] * 100, "%"),
            target="< 15%",
            ok=busy[0] < 0.15,
        ),
        Row(f"{name}: a core, painting", shown(busy[1] * 100, "%"), shown(calm[1] * 100, "%")),
        Row(f"{name}: changes seen", f"{seen}", f"{seconds}", target="all", ok=seen >= seconds - 1),
        Row(
            f"{name}: the row under the cursor",
            ", ".join(sorted(set(found))),
            wanted,
            target="the same",
            ok=set(found) == {wanted},
        ),
    ]


def _placed(terminal: Terminal) -> str:
    """The id of the row in the middle of the screen, where the cursor is put."""
    terminal.wait_for(READY, "No execution is running")
    terminal.answer("4", "namespace=bench")
    time.sleep(0.5)
    terminal.answer("\x1b", f"seeded-{EXECUTIONS - 1:09d}")
    time.sleep(0.5)
    for _ in range(CHANGED // 2):
        terminal.answer("j", "▌")
    time.sleep(1)
    return f"seeded-{EXECUTIONS - 1 - CHANGED // 2:09d}"


def _share(terminal: Terminal, seconds: float) -> tuple[float, float]:
    """The share of a core over so many seconds: of the process, and of its thread that paints."""
    whole, painting, began = cpu_seconds(terminal.pid), main_seconds(terminal.pid), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return (cpu_seconds(terminal.pid) - whole) / took, (main_seconds(terminal.pid) - painting) / took


@contextmanager
def _seeded(stage: Stage) -> Iterator[Home]:
    with stage.embedded_home() as home:
        for old in home.settings.state_dir.glob("swf.db*"):
            old.unlink()
        seed(home.settings.database_url, EXECUTIONS, EXECUTIONS)
        yield home


@contextmanager
def _changing(home: Home) -> Iterator[None]:
    """Another program writes the newest executions, each second, while this holds."""
    ended = threading.Event()
    database = open_database(home.settings.database_url)
    writer = threading.Thread(target=_change, args=(database, ended), daemon=True)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()
        database.close()


def _change(database: Database, ended: threading.Event) -> None:
    turn = 0
    while not ended.wait(1.0):
        turn += 1
        with database.write() as connection:
            connection.execute(text(CHANGE), _values(turn))


def _values(turn: int) -> dict[str, object]:
    return {
        "user": f"user-{1000 + turn}",
        "status": ("failed", "terminated", "completed")[turn % 3],
        "namespace": f"space-{turn}",
        "took": f"+{turn} seconds",
        "first": f"seeded-{EXECUTIONS - CHANGED:09d}",
    }

"""Agents as rows of the list, and the notices about all of them."""

from typing import TYPE_CHECKING

from ...backend.core.format import age
from ...backend.core.sanitize import brief
from ...widgets.key_labels import with_keys
from ...widgets.semantic_colors import SemanticColor
from ...widgets.symbols import symbol
from ...widgets.table.columns import Column
from ...widgets.table.rows import Cell
from ...widgets.table.short_list import Item

if TYPE_CHECKING:
    from ...backend.services.agents.snapshot import AgentsSnapshot, AgentStatus

COLUMNS = (
    Column("symbol", "", 1),
    Column("name", "NAME", 24, grows=True),
    Column("state", "STATE", 8),
    Column("heartbeat", "HB", 5, right=True),
    Column("up", "UP", 6, right=True),
    Column("stf", "STF", 6, right=True),
    Column("cpu", "CPU", 4, right=True),
    Column("note", "NOTE", 16, least=10, grows=True),
)
# the symbol, and the colour of the words beside it
STATE_SYMBOLS: dict[str, tuple[SemanticColor, SemanticColor]] = {
    "RUNNING": ("ok", "ok"),
    "STARTING": ("busy", "busy"),
    "STOPPING": ("busy", "busy"),
    "BACKOFF": ("watch", "watch"),
    "FATAL": ("bad", "bad"),
    "UNKNOWN": ("bad", "bad"),
    "EXITED": ("off", "watch"),
    "STOPPED": ("off", "off"),
    "off": ("off", "off"),
}


def agent_item(line: "AgentStatus", snapshot: "AgentsSnapshot") -> Item:
    """An agent as a row."""
    view = line.view
    sign, color = state_symbol(line, snapshot)
    heartbeat: SemanticColor = (
        "unknown" if snapshot.database_trouble else "watch" if line.view.is_silent else "plain"
    )
    cells = (
        Cell(sign, color),
        Cell(
            brief(name_of(view.program or view.name), 60),
            "plain" if line.view.is_up or view.state is None else "off",
        ),
        Cell(brief(view.state or view.operational_state or "-", 20), color),
        Cell(age(view.heartbeat_seconds), heartbeat),
        Cell(age(view.up_seconds)),
        Cell("-" if view.stf_count is None else f"{view.stf_count:,}"),
        Cell("-" if line.cpu is None else f"{line.cpu:.0f}%"),
        Cell(brief(note_of(line), 300), color if color in ("watch", "bad") else "unknown"),
    )
    return Item(line.key, cells, line)


def name_of(name: str) -> str:
    """The process's own name, where a program has several: `slice-worker:slice-worker-0`."""
    program, _, process = name.partition(":")
    return process if process.startswith(program) else name


def state_symbol(line: "AgentStatus", snapshot: "AgentsSnapshot") -> tuple[str, SemanticColor]:
    """The symbol and the colour of an agent's state."""
    # a process that supervisord calls RUNNING may hang: the heartbeat decides
    silent = snapshot.seen_seconds is None and line.view.is_silent
    if silent or (line.view.state is None and "silent" in line.view.note):
        return symbol("watch"), "watch"
    if snapshot.seen_seconds is not None:
        return symbol("unknown"), "unknown"
    shape, color = STATE_SYMBOLS.get(line.view.state or "", ("unknown", "unknown"))
    return symbol(shape), color


def note_of(line: "AgentStatus") -> str:
    """The problem of the agent, otherwise what it is doing."""
    view = line.view
    if view.note:
        return view.note.removeprefix(view.program or "").lstrip(": ")
    if view.state == "RUNNING":
        known = view.name if view.program and view.name != view.program else ""
        return ", ".join(each for each in ((view.operational_state or "").lower(), known) if each)
    return "needed" if line.needed else (view.operational_state or "").lower()


def notices(snapshot: "AgentsSnapshot", outage: str = "") -> list[str]:
    """Problems of the backends with the advice; `outage` describes the lost database."""
    said = []
    if snapshot.supervisor_trouble:
        stale = f", STALE {age(snapshot.seen_seconds)}" if snapshot.seen_seconds is not None else ""
        starts = snapshot.supervisor == "absent" and snapshot.missing
        start = with_keys("{agents.start_needed} starts it and the needed agents")
        what = start if starts else snapshot.supervisor_trouble
        said.append(f"supervisord {snapshot.supervisor}{stale}: {what}")
    if snapshot.database_trouble:
        known = f"STALE {age(snapshot.heard_seconds)}" if snapshot.heard_seconds is not None else "unknown"
        said.append(f"heartbeats {known}: {outage or snapshot.database_trouble}")
    if snapshot.configuration_trouble:
        said.append(f"{snapshot.configuration or 'testbed.toml'}: {snapshot.configuration_trouble}")
    if snapshot.missing and not snapshot.supervisor_trouble:
        start = with_keys("{agents.start_needed} starts them")
        names = ", ".join(snapshot.missing)
        said.append(f"not running, but needed by {snapshot.configuration}: {names}. {start}")
    return said

"""The replay of a run, and its timeline."""

from datetime import UTC, datetime, timedelta
from typing import Any

from swf_console.backend.database.records.workflows import StateEvent
from swf_console.screens.executions.replay import spans_between
from swf_console.viewmodels.executions.replay import FASTEST, Replay, replay_events
from swf_console.widgets.timeline import Span, timeline_lines, widths_of

BEGAN = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def event(second: float, state: str = "run", **data: Any) -> StateEvent:
    return StateEvent(BEGAN + timedelta(seconds=second), 1, "state_change", state, None, data)


def places(*events: StateEvent) -> list[float]:
    return [moment.at for moment in replay_events(events)]


def test_replay_events_simulation_ticks_give_simulated_time() -> None:
    assert places(event(0, simulation_tick=5.0), event(1, simulation_tick=35.0)) == [0.0, 30.0]
    assert places(event(0, simulation_tick=5.0), event(1)) == [0.0, 1.0]
    assert places(event(0, simulation_tick="garbage"), event(2)) == [0.0, 2.0]
    assert places() == []


def test_replay_playing_advances_by_speed_and_stops_at_end() -> None:
    replay = Replay(replay_events([event(0), event(10), event(30)]))
    replay.advance(5)
    assert replay.at == 0.0
    replay.play()
    replay.advance(5)
    assert (replay.at, len(replay.passed)) == (5.0, 1)
    replay.faster(4)
    replay.advance(5)
    assert (replay.at, len(replay.passed)) == (25.0, 2)
    replay.advance(60)
    assert (replay.at, replay.playing, replay.ended) == (30.0, False, True)
    replay.play()
    assert (replay.at, replay.playing) == (0.0, True)
    for _ in range(30):
        replay.faster(2)
    assert replay.speed == FASTEST


def test_replay_step_goes_to_next_event() -> None:
    replay = Replay(replay_events([event(0), event(10), event(30)]))
    replay.step(1)
    assert replay.at == 10.0
    replay.step(1)
    replay.step(1)
    assert replay.at == 30.0
    replay.step(-1)
    assert replay.at == 10.0
    replay.seek(-3)
    assert replay.at == 0.0


def test_timeline_lines_have_given_width_and_every_state() -> None:
    spans = [Span("a", 0.0, "off"), Span("long", 98.0, "ok"), Span("b", 2.0, "busy")]
    assert sum(widths_of(spans, 40)) == 40
    assert min(widths_of(spans, 40)) >= 1
    fills, names, mark = timeline_lines(spans, 40, at=50.0, words="50s")
    assert fills.plain[0] == "░"
    assert len(fills.plain) == len(names.plain) == 40
    assert "long" in names.plain
    assert mark.plain.strip() == "▲ 50s"
    assert timeline_lines(spans, 40, at=100.0, words="100s")[2].plain.endswith("100s ▲")


def test_timeline_more_states_than_cells_fills_width() -> None:
    spans = [Span("x", 1.0) for _ in range(500)]
    assert sum(widths_of(spans, 80)) == 80
    assert timeline_lines([], 80)[0].plain == "no states recorded"


def test_spans_between_running_state_continues() -> None:
    moments = replay_events([event(0, "no_beam"), event(10, "beam"), event(15, "run")])
    lasted = [(span.label, span.seconds) for span in spans_between(moments, current_seconds=30.0)]
    assert lasted == [("no_beam", 10.0), ("beam", 5.0), ("run", 30.0)]
    assert [span.label for span in spans_between(moments)] == ["no_beam", "beam"]
    assert [span.seconds for span in spans_between(replay_events([event(0)]), current_seconds=7.0)] == [7.0]
    assert spans_between(()) == []

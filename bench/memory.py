"""Memory: does it grow with the number of STFs?"""

from .harness import Row, interleaved, median, shown
from .stage import Stage

TITLE = "Memory of a run in fast mode: the most that its process ever held"
ALLOWED = 30e6


def rows(stage: Stage) -> list[Row]:
    """A long run against a short one."""
    few, many = 1_000, stage.amount(100_000, 2_000)
    with stage.embedded_home() as home:
        taken = interleaved(
            stage.amount(3, 1),
            {"few": lambda: home.run(few)[0].peak_rss, "many": lambda: home.run(many)[0].peak_rss},
        )
    short, long = median(taken["few"]), median(taken["many"])
    return [
        Row(
            f"{many:,} STFs above {few:,} STFs",
            f"+{shown(long - short, 'B')}",
            shown(short, "B"),
            long / short,
            f"<= +{shown(ALLOWED, 'B')}",
            long - short <= ALLOWED,
        )
    ]

"""Which columns a list shows, and in which order, as an operator types it."""

from collections.abc import Sequence
from difflib import get_close_matches

from ..widgets.columns import Column
from ..widgets.harmless import brief


def parse_columns(text: str, known: Sequence[Column]) -> tuple[str, ...]:
    """The keys of the columns that `text` names, once each; no name at all means every column.

    Raises ValueError, with the nearest name, for one that is none.
    """
    keys = [column.key for column in known]
    words = list(dict.fromkeys(text.lower().replace(",", " ").split()))
    for word in words:
        if word not in keys:
            near = get_close_matches(word, keys, n=1)
            advice = f"did you mean {near[0]}?" if near else f"there are {' '.join(keys)}"
            raise ValueError(f"no column {brief(word, 30)}: {advice}")
    return tuple(words or keys)

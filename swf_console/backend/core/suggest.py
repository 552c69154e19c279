"""Suggestions for an unknown name: the most similar known names."""

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, at_most: int = 3) -> list[str]:
    """The known names most similar to `name`, best first."""
    import difflib

    by_fold = {candidate.lower(): candidate for candidate in sorted(known)}
    found = difflib.get_close_matches(name.lower(), by_fold, n=at_most, cutoff=0.6)
    return [by_fold[candidate] for candidate in found]


def suggest(name: str, known: Iterable[str], *, otherwise: str = "", at_most: int = 3) -> str:
    """A sentence with the nearest valid names, or `otherwise`."""
    names = nearest(name, known, at_most=at_most)
    return f"Did you mean {' or '.join(names)}?" if names else otherwise

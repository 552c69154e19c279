"""LIKE patterns matched in time that grows with the text, never with the pattern's ambiguity."""

from collections.abc import Callable

ANY = None


def like_matcher(pattern: str, escape: str | None = None) -> Callable[[str], bool]:
    """A test of whole texts: `%` is any text, `_` any one character, `escape` makes the next one plain."""
    first, *rest = _pieces(pattern, escape)
    if not rest:
        return lambda text: len(text) == len(first) and _fits(first, text, 0)
    *middle, last = rest

    def matches(text: str) -> bool:
        if not _fits(first, text, 0):
            return False
        position = len(first)
        for piece in middle:
            position = _find(piece, text, position)
            if position < 0:
                return False
            position += len(piece)
        end = len(text) - len(last)
        return end >= position and _fits(last, text, end)

    return matches


Piece = list[str | None]


def _pieces(pattern: str, escape: str | None) -> list[Piece]:
    pieces: list[Piece] = [[]]
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            pieces[-1].append(next(characters, escape))
        elif character == "%":
            pieces.append([])
        else:
            pieces[-1].append(ANY if character == "_" else character)
    return pieces


def _fits(piece: Piece, text: str, position: int) -> bool:
    if position + len(piece) > len(text):
        return False
    return all(wanted is ANY or wanted == text[position + index] for index, wanted in enumerate(piece))


def _find(piece: Piece, text: str, start: int) -> int:
    if ANY not in piece:
        return text.find("".join(character for character in piece if character is not ANY), start)
    for position in range(start, len(text) - len(piece) + 1):
        if _fits(piece, text, position):
            return position
    return -1

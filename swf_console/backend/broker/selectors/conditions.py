"""The conditions of a selector as closures over a message. None is SQL's unknown."""

from collections.abc import Callable
from typing import Protocol

Value = str | int | float | bool | None


class Properties(Protocol):
    """The message that a selector tests."""

    def property(self, name: str) -> str | int | None: ...


Selector = Callable[[Properties], bool | None]
Operand = Callable[[Properties], Value]


def truth(operand: Operand) -> Selector:
    """A bare header or TRUE as a condition."""

    def test(message: Properties) -> bool | None:
        value = operand(message)
        return None if value is None else value is True or value == "true"

    return test


def negated(inner: Selector) -> Selector:
    """NOT; unknown stays unknown."""

    def test(message: Properties) -> bool | None:
        value = inner(message)
        return None if value is None else not value

    return test


def all_of(parts: list[Selector]) -> Selector:
    """AND."""

    def test(message: Properties) -> bool | None:
        result: bool | None = True
        for part in parts:
            value = part(message)
            if value is False:
                return False
            if value is None:
                result = None
        return result

    return test


def any_of(parts: list[Selector]) -> Selector:
    """OR."""

    def test(message: Properties) -> bool | None:
        result: bool | None = False
        for part in parts:
            value = part(message)
            if value:
                return True
            if value is None:
                result = None
        return result

    return test


def comparison(operator: str, left: Operand, right: Operand) -> Selector:
    """`left operator right`; NULL on either side is unknown."""

    def test(message: Properties) -> bool | None:
        one, other = left(message), right(message)
        if one is None or other is None:
            return None
        if operator == "=":
            return _equal(one, other)
        if operator == "<>":
            return not _equal(one, other)
        return _ordered(operator, one, other)

    return test


def _equal(one: Value, other: Value) -> bool:
    if type(one) is type(other):
        return one == other
    if isinstance(one, bool) or isinstance(other, bool):
        return str(one).lower() == str(other).lower()
    first, second = _as_number(one), _as_number(other)
    return first is not None and first == second


def _ordered(operator: str, one: Value, other: Value) -> bool:
    first, second = _as_number(one), _as_number(other)
    if first is None or second is None:
        return False
    if operator == "<":
        return first < second
    if operator == ">":
        return first > second
    return first <= second if operator == "<=" else first >= second


def _as_number(value: Value) -> int | float | None:
    if isinstance(value, bool):
        return None
    if not isinstance(value, str):
        return value
    if "_" in value:
        return None
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        return None


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

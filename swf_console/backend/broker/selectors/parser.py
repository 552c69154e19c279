"""Message selectors, JMS's subset of SQL 92, compiled to closures. An absent header is NULL: three values."""

import re

from ..frames import Rejected
from .conditions import (
    Operand,
    Properties,
    Selector,
    Value,
    all_of,
    any_of,
    comparison,
    like_matcher,
    negated,
    truth,
)

DEPTH = 50
TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_$][\w$.]*)|(?P<sign><>|<=|>=|[=<>(),-]))"
)
KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "LIKE", "ESCAPE", "IS", "NULL", "BETWEEN", "TRUE", "FALSE"})
COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})


def compile_selector(text: str) -> Selector:
    """The closure that tells whether a message is wanted: True, False, or None for unknown (not wanted).

    Raises Rejected with the place where `text` stops being a selector.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.position = 0
        self.depth = 0

    def whole(self) -> Selector:
        selector = self.disjunction()
        if self.kind != "end":
            raise self.wrong("the end")
        return selector

    @property
    def kind(self) -> str:
        return self.tokens[self.position][0]

    @property
    def value(self) -> str:
        return self.tokens[self.position][1]

    def wrong(self, wanted: str) -> Rejected:
        place = self.tokens[self.position][2]
        return Rejected(f"Bad selector {self.text!r}: expected {wanted} at character {place + 1}")

    def accept(self, *kinds: str) -> bool:
        if self.kind not in kinds:
            return False
        self.position += 1
        return True

    def expect(self, kind: str) -> str:
        value = self.value
        if not self.accept(kind):
            raise self.wrong(kind)
        return value

    def disjunction(self) -> Selector:
        parts = [self.conjunction()]
        while self.accept("OR"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else any_of(parts)

    def conjunction(self) -> Selector:
        parts = [self.negation()]
        while self.accept("AND"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else all_of(parts)

    def negation(self) -> Selector:
        negative = False
        while self.accept("NOT"):
            negative = not negative
        condition = self.condition()
        return negated(condition) if negative else condition

    def condition(self) -> Selector:
        if self.kind == "(":
            return self.group()
        left = self.operand()
        if self.kind in COMPARISONS:
            return self.comparison(left)
        if self.accept("IS"):
            negative = self.accept("NOT")
            self.expect("NULL")
            return lambda message: (left(message) is None) is not negative
        negative = self.accept("NOT")
        if self.accept("IN"):
            test = self.membership(left)
        elif self.accept("LIKE"):
            test = self.likeness(left)
        elif self.accept("BETWEEN"):
            test = self.between(left)
        elif negative:
            raise self.wrong("IN, LIKE or BETWEEN")
        else:
            return truth(left)
        return negated(test) if negative else test

    def group(self) -> Selector:
        self.depth += 1
        if self.depth > DEPTH:
            raise self.wrong("fewer parentheses")
        self.expect("(")
        inner = self.disjunction()
        self.expect(")")
        self.depth -= 1
        return inner

    def operand(self) -> Operand:
        if self.accept("-"):
            number = -_number(self.expect("number"))
            return lambda _message: number
        kind, value = self.kind, self.value
        if self.accept("name"):
            return lambda message: message.property(value)
        if not self.accept("string", "number", "TRUE", "FALSE"):
            raise self.wrong("a header name or a value")
        literal = _literal(kind, value)
        return lambda _message: literal

    def comparison(self, left: Operand) -> Selector:
        operator = self.value
        literal_left = self.tokens[self.position - 1][0]
        self.accept(operator)
        ordering = operator not in {"=", "<>"}
        if ordering and "string" in {self.kind, literal_left}:
            raise self.wrong("a number: text has no order")
        return comparison(operator, left, self.operand())

    def membership(self, left: Operand) -> Selector:
        self.expect("(")
        wanted = {_text(self.expect("string"))}
        while self.accept(","):
            wanted.add(_text(self.expect("string")))
        self.expect(")")

        def test(message: Properties) -> bool | None:
            value = left(message)
            return None if value is None else str(value) in wanted

        return test

    def likeness(self, left: Operand) -> Selector:
        pattern = _text(self.expect("string"))
        escape = _text(self.expect("string")) if self.accept("ESCAPE") else None
        if escape is not None and len(escape) != 1:
            raise self.wrong("one escape character")
        matches = like_matcher(pattern, escape)

        def test(message: Properties) -> bool | None:
            value = left(message)
            return None if value is None else matches(str(value))

        return test

    def between(self, left: Operand) -> Selector:
        low = self.operand()
        self.expect("AND")
        return all_of([comparison(">=", left, low), comparison("<=", left, self.operand())])


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            raise Rejected(f"Bad selector {text!r}: unexpected {text[position:].strip()[:1]!r}")
        group = match.lastgroup or ""
        value = match[group]
        kind = {"word": "name", "sign": value}.get(group, group)
        if group == "word" and value.upper() in KEYWORDS:
            kind = value.upper()
        found.append((kind, value, match.start(group)))
        position = match.end()
    found.append(("end", "", end))
    return found


def _text(token: str) -> str:
    return token[1:-1].replace("''", "'")


def _number(token: str) -> int | float:
    return int(token) if token.isdecimal() else float(token)


def _literal(kind: str, value: str) -> Value:
    if kind == "string":
        return _text(value)
    return _number(value) if kind == "number" else kind == "TRUE"

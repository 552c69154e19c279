"""Selectors: what they take, in three-valued logic, and what is none."""

import fnmatch
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_console.backend.broker.frames import Rejected
from swf_console.backend.broker.selectors.conditions import like_matcher
from swf_console.backend.broker.selectors.parser import compile_selector

UNKNOWN = None


class Headers(dict[str, str]):
    """A message of headers alone."""

    def property(self, name: str) -> str | None:
        return self.get(name)


MESSAGE = Headers(
    a="1", b="x", c="1.5", t="true", empty="", quote="it's", namespace="demo", msg_type="stf_gen"
)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("a = 1", True),
        ("a = 1.0", True),
        ("a = '1'", True),
        ("a = '1.0'", False),
        ("1 = a", True),
        ("a <> 2", True),
        ("b = 1", False),
        ("b > 1", False),
        ("c > 1", True),
        ("c BETWEEN 1 AND 2", True),
        ("c NOT BETWEEN 1 AND 2", False),
        ("a > -1", True),
        ("a < 1e3", True),
        ("t = TRUE", True),
        ("t", True),
        ("b", False),
        ("TRUE OR nothing = 1", True),
        ("FALSE AND nothing = 1", False),
        ("nothing = 1", UNKNOWN),
        ("NOT nothing = 1", UNKNOWN),
        ("nothing = 1 OR a = 2", UNKNOWN),
        ("nothing = 1 AND a = 1", UNKNOWN),
        ("nothing = 1 AND a = 2", False),
        ("nothing <> 1", UNKNOWN),
        ("nothing IN ('a')", UNKNOWN),
        ("nothing NOT IN ('a')", UNKNOWN),
        ("nothing LIKE '%'", UNKNOWN),
        ("nothing IS NULL", True),
        ("a IS NOT NULL", True),
        ("empty IS NULL", False),
        ("empty = ''", True),
        ("quote = 'it''s'", True),
        ("a = 1 AND b = 'x' OR a = 2", True),
        ("a = 2 AND (b = 'x' OR a = 1)", False),
        ("NOT NOT a = 1", True),
        ("not a = 2 and b in ('x', 'y')", True),
        ("namespace = 'demo' AND msg_type IN ('run_imminent', 'stf_gen')", True),
        ("b LIKE 'x'", True),
        ("b LIKE '_'", True),
        ("b LIKE '__'", False),
    ],
)
def test_selector_result_is_true_false_or_unknown(selector: str, expected: bool | None) -> None:
    assert compile_selector(selector)(MESSAGE) is expected


@pytest.mark.parametrize(
    "selector",
    [
        "",
        "  ",
        "a =",
        "= 1",
        "a == 1",
        "a = 1 b",
        "(a = 1",
        "a = 1)",
        "a IN ()",
        "a IN (1)",
        "a IN ('x'",
        "a LIKE b",
        "a LIKE 'x' ESCAPE 'yy'",
        "a NOT 1",
        "a IS 1",
        "a > 'x'",
        "'x' < a",
        "a + 1 = 2",
        'a = "x"',
        "a = 'open",
        "NOT",
        "a BETWEEN 1",
        "((((" * 30 + "a = 1" + "))))" * 30,
        "__import__('os')",
        "a;b",
    ],
)
def test_compile_selector_invalid_is_rejected(selector: str) -> None:
    with pytest.raises(Rejected, match="Bad selector"):
        compile_selector(selector)


def test_compile_selector_long_is_accepted() -> None:
    assert compile_selector(" OR ".join(["a = 2"] * 1000 + ["a = 1"]))(MESSAGE) is True
    assert compile_selector("NOT " * 2000 + "a = 1")(MESSAGE) is True


@pytest.mark.parametrize("value", ["9" * 5000, "1_0", "nan", "inf", "", " 1", "0x1"])
def test_selector_odd_numbers_are_compared(value: str) -> None:
    assert compile_selector("n > 5 OR n <= 5 OR n IS NOT NULL")(Headers(n=value)) is True


@given(st.text(max_size=30))
def test_compile_selector_any_text_is_accepted_or_rejected(text: str) -> None:
    with suppress(Rejected):
        compile_selector(text)(MESSAGE)


@given(st.text("ab%_", max_size=8), st.text("ab", max_size=10))
def test_like_matcher_agrees_with_shell_patterns(pattern: str, text: str) -> None:
    shell = re.compile(fnmatch.translate(pattern.replace("%", "*").replace("_", "?")))
    assert like_matcher(pattern)(text) is bool(shell.match(text))


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("100!%", "100%", True),
        ("100!%", "1000", False),
        ("a!_b", "a_b", True),
        ("a!_b", "axb", False),
        ("!!", "!", True),
    ],
)
def test_like_matcher_escaped_character_is_literal(pattern: str, text: str, expected: bool) -> None:
    assert like_matcher(pattern, "!")(text) is expected


def test_like_matcher_many_wildcards_is_fast() -> None:
    assert like_matcher("%a" * 200 + "%b")("a" * 20_000) is False

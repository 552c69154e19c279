"""The line locator, held against what tomli reads."""

from typing import Any

import tomli
from hypothesis import given
from hypothesis import strategies as st

from swf_console.backend.config.locate import Place, locate

BARE = st.text("abcXYZ019_-", min_size=1, max_size=6)
QUOTED = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=6)
VALUES = st.sampled_from(
    [
        "1",
        "-2.5e3",
        "true",
        "1979-05-27 07:32:00",
        '"a # no comment [no.header] \\" = 1"',
        "'literal \\'",
        '"""\n[no_table]\nkey = 1\n\\""" quoted ""\\\n  folded"""',
        "'''\n# text\n[[no]]\nx = {''''",
        '""""two quotes at the end"""""',
        "[1, 2, # comment, with ] and [\n  3,\n]",
        "[[1, 2], [], ['a,]b']]",
        '{ x = 1, "y.z" = [ { deep = 2 } ], p.q = "}" }',
        "[{ n = 1 }, { n = 2 }]",
        "{}",
        "[]",
    ]
)
NOISE = st.sampled_from(["", "# [comment] x = 1", '   # """ not a string', "\t"])


def literal(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


KEYS = st.one_of(BARE, QUOTED.map(literal), BARE.map(lambda key: f"'{key}'"))
NAMES = st.lists(KEYS, min_size=1, max_size=3).map(" . ".join)
PAIRS = st.tuples(NAMES, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}")
HEADERS = st.one_of(NAMES.map(lambda name: f"[ {name} ]"), NAMES.map(lambda name: f"[[{name}]]"))
LINES = st.lists(st.one_of(PAIRS, PAIRS, HEADERS, NOISE), max_size=14)


def keep_valid(lines: list[str]) -> str:
    """The lines that make valid TOML after the ones before them."""
    kept: list[str] = []
    for line in lines:
        try:
            tomli.loads("\n".join([*kept, line]))
        except tomli.TOMLDecodeError:
            continue
        kept.append(line)
    return "\n".join(kept)


def paths(value: Any, above: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """The path of every key and array element of a parsed document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: set[tuple[str | int, ...]] = set()
    for key, item in items:
        found |= {(*above, key)} | paths(item, (*above, key))
    return found


@given(LINES.map(keep_valid), st.sampled_from(["\n", "\r\n"]))
def test_locate_finds_exactly_the_keys_of_tomli(text: str, newline: str) -> None:
    text = text.replace("\n", newline)
    located = set(locate(text))
    read = paths(tomli.loads(text))
    assert located <= read
    # a table that only a longer header implies has no line of its own
    implied = {path for path in read - located if any(other[: len(path)] == path for other in located)}
    assert read - located == implied


@given(st.lists(st.tuples(BARE, VALUES, NOISE), unique_by=lambda each: each[0], min_size=1))
def test_locate_line_is_line_of_key(entries: list[tuple[str, str, str]]) -> None:
    lines: list[str] = ["[section]"]
    expected = {}
    for key, value, noise in entries:
        lines += noise.split("\n")
        expected["section", key] = Place(len(lines) + 1, 3)
        lines += f"  {key} = {value}".split("\n")
    located = locate("\n".join(lines))
    assert {path: place for path, place in located.items() if len(path) == 2} == expected


def test_locate_arrays_of_tables_indexed() -> None:
    text = "[[run]]\nn = 1\n[run.inner]\nx = 1\n[[run]]\nn = 2\n[run.inner]\nx = 2\n[[run.deep]]\ny = 3\n"
    located = locate(text)
    assert located["run", 0, "inner", "x"].line == 4
    assert located["run", 1, "n"].line == 6
    assert located["run", 1, "inner", "x"].line == 8
    assert located["run", 1, "deep", 0, "y"].line == 10


def test_locate_quoted_key_escapes_as_tomli() -> None:
    text = '"a\\u0062\\t\\"c" = 1\n'
    assert set(locate(text)) == paths(tomli.loads(text))


def test_locate_inline_array_values_have_own_place() -> None:
    located = locate('[workflow]\nincludes = [\n  "a.toml",\n  "b.toml",\n]\n')
    assert located["workflow", "includes", 1] == Place(4, 3)


def test_locate_large_file_one_pass() -> None:
    text = "".join(f'[s{number}]\nkey = "{number}" # note\n' for number in range(20_000))
    assert locate(text)["s19999", "key"].line == 40_000

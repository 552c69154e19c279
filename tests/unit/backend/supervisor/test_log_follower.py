"""Following log files, and what they hold made safe to show."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_console.backend.core.sanitize import strip_ansi
from swf_console.backend.supervisor.log_follower import LINE_CHARACTERS, LogFollower, last_lines


def texts(follower: LogFollower) -> list[str]:
    """What is new."""
    return [line.text for line in follower.read()]


def test_log_follower_reads_lines_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "log"
    follower = LogFollower(path)
    assert texts(follower) == []
    path.write_text("one\ntw")
    assert texts(follower) == ["one"]
    assert follower.rest() == "tw"
    with path.open("a") as file:
        file.write("o\nthree\n")
    assert texts(follower) == ["two", "three"]
    follower.close()


def test_log_follower_split_character_is_joined(tmp_path: Path) -> None:
    path = tmp_path / "log"
    data = "größe €\n".encode()
    follower = LogFollower(path)
    lines = []
    with path.open("ab", buffering=0) as file:
        for byte in data:
            file.write(bytes([byte]))
            lines += texts(follower)
    assert lines == ["größe €"]
    follower.close()


def test_log_follower_invalid_utf8_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"\xff\xfe broken\nwhole\n")
    assert last_lines(path, 5) == ["\ufffd\ufffd broken", "whole"]


def test_log_follower_rotation_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\n")
    follower = LogFollower(path)
    assert texts(follower) == ["one"]
    with path.open("a") as old:
        path.rename(tmp_path / "log.1")
        old.write("two\nthr")
        old.flush()
        path.write_text("ee\nfour\n")
        assert texts(follower) == ["two", "three", "four"]
    follower.close()


def test_log_follower_several_rotations_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\n")
    follower = LogFollower(path)
    assert texts(follower) == ["one"]
    path.rename(tmp_path / "log.3")
    (tmp_path / "log.2").write_text("two\n")
    (tmp_path / "log.1").write_text("three\n")
    path.write_text("four\n")
    assert texts(follower) == ["two", "three", "four"]
    follower.close()


def test_log_follower_between_rename_and_create_reads_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\n")
    follower = LogFollower(path)
    assert texts(follower) == ["one"]
    path.rename(tmp_path / "log.1")
    assert texts(follower) == []
    path.write_text("two\n")
    assert texts(follower) == ["two"]
    follower.close()


def test_log_follower_truncated_file_is_read_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("a long first line\nand a rest")
    follower = LogFollower(path)
    assert texts(follower) == ["a long first line"]
    os.truncate(path, 0)
    with path.open("a") as file:
        file.write("new\n")
    assert texts(follower) == ["new"]
    follower.close()


def test_log_follower_recreated_file_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\n")
    follower = LogFollower(path)
    assert texts(follower) == ["one"]
    path.unlink()
    assert texts(follower) == []
    path.write_text("two\n")
    assert texts(follower) == ["two"]
    follower.close()


def test_log_follower_large_file_reads_only_the_last_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"line {number}\n" for number in range(100_000)) + "unfinished")
    assert last_lines(path, 3) == ["line 99998", "line 99999", "unfinished"]
    follower = LogFollower(path, last_lines=2)
    assert texts(follower) == ["line 99998", "line 99999"]
    assert follower.rest() == "unfinished"
    follower.close()


def test_last_lines_missing_file_is_empty(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "absent", 5) == []
    (tmp_path / "log").write_text("")
    assert last_lines(tmp_path / "log", 5) == []


def test_log_follower_endless_line_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("x" * (LINE_CHARACTERS * 2 + 5))
    follower = LogFollower(path)
    lines = follower.read()
    assert [(len(line.text), line.cut) for line in lines] == [(LINE_CHARACTERS, True)] * 2
    assert follower.rest() == "x" * 5
    follower.close()


def test_log_follower_read_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("0123456\n" * 1000)
    follower = LogFollower(path)
    assert len(follower.read(limit=80)) == 10
    assert len(follower.read()) == 990
    follower.close()


def test_log_follower_follow_ends_when_stopped(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\n")
    stop, lines = threading.Event(), []
    follower = LogFollower(path)
    for line in follower.follow(stop, every=0.01):
        lines.append(line.text)
        stop.set()
    assert lines == ["one"]
    follower.close()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m plain", "red plain"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]52;c;c3RlYWw=\x1b\\text", "text"),
        ("\x1b]8;;http://evil", ""),
        ("\x1bPq#0\x1b\\sixel", "sixel"),
        ("\x9b31mred", "red"),
        ("10 %\r50 %\r100 %", "100 %"),
        ("windows\r", "windows"),
        ("bell\x07 back\x08 zero\x00", "bell back zero"),
        ("tab\tstays [bold]markup[/]", "tab\tstays [bold]markup[/]"),
        ("right\u202eto left", "rightto left"),
        ("cut \x1b[3", "cut "),
    ],
)
def test_log_follower_terminal_commands_are_removed(written: str, shown: str) -> None:
    assert strip_ansi(written) == shown


@given(st.text())
def test_log_follower_any_text_is_safe_for_a_terminal(text: str) -> None:
    assert not set(strip_ansi(text)) & {chr(code) for code in (*range(9), *range(10, 32), *range(127, 160))}


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_log_follower_any_chunking_reads_the_same_lines(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, cuts: list[int]
) -> None:
    path = tmp_path_factory.mktemp("cut") / "log"
    path.write_bytes(data)
    whole = LogFollower(path)
    expected = texts(whole)
    whole.close()
    path.write_bytes(b"")
    follower, found, begin = LogFollower(path), [], 0
    for end in [*sorted(cuts), len(data)]:
        with path.open("ab") as file:
            file.write(data[begin:end])
        begin = max(begin, min(end, len(data)))
        found += texts(follower)
    follower.close()
    assert found == expected

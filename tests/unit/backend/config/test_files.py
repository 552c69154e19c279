"""Reading TOML files: whatever is wrong with one is one clear line."""

import os
from pathlib import Path

import pytest

from swf_console.backend.config.documents import MAXIMUM_BYTES, read_document
from swf_console.backend.core.errors import ConfigurationError, Problem


def problem_with(path: Path) -> Problem:
    with pytest.raises(ConfigurationError) as caught:
        read_document(path)
    (problem,) = caught.value.problems
    assert "\n" not in str(problem)
    assert problem.file == path
    return problem


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("a = 1\nb = \n", 2, 5), ("[x\n", 1, 3), ("a = 1\na = 2\n", 2, 6), ("a = 1\r\nb = ]\r\n", 2, 5)],
)
def test_read_document_invalid_toml_names_line_and_column(
    tmp_path: Path, text: str, line: int, column: int
) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(text.encode())
    problem = problem_with(path)
    assert (problem.line, problem.column) == (line, column)
    assert "not valid TOML" in problem.message


def test_read_document_not_utf8_names_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"a = 1\nb = '\xe9'\n")
    problem = problem_with(path)
    assert (problem.message, problem.line, problem.column) == ("not UTF-8", 2, 6)


def test_read_document_not_a_file_refused(tmp_path: Path) -> None:
    assert problem_with(tmp_path / "gone.toml").message == "file not found"
    assert problem_with(tmp_path).message in {"is a directory, not a file", "not a regular file"}
    os.mkfifo(tmp_path / "pipe.toml")
    assert problem_with(tmp_path / "pipe.toml").message == "not a regular file"
    (tmp_path / "loop.toml").symlink_to(tmp_path / "loop.toml")
    assert "cannot be read" in problem_with(tmp_path / "loop.toml").message


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_read_document_unreadable_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.touch(mode=0)
    assert "cannot be read" in problem_with(path).message


def test_read_document_too_large_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"#" * MAXIMUM_BYTES)
    assert read_document(path).data == {}
    path.write_bytes(b"#" * (MAXIMUM_BYTES + 1))
    assert "limit is 1 MiB" in problem_with(path).message


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 10_000, "a = " + "{a=" * 50_000])
def test_read_document_hostile_values_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    assert "TOML" in problem_with(path).message


def test_read_document_byte_order_mark_accepted(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\n")
    document = read_document(path)
    assert document.data == {"a": 1}
    assert document.place("a").column == 1


def test_document_place_missing_key_is_table_above(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("\n[x]\ny = 1\n")
    document = read_document(path)
    assert document.place("x", "z").line == 2
    assert document.place("w").line == 1

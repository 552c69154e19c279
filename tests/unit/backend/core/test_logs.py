"""Log files on a full disk: one line, then nothing until there is room."""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from swf_console.backend.core.logs import StderrHandler, log_to_file


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The package's logger; its handlers, level and propagation are restored."""
    found = logging.getLogger("swf_console")
    before = (found.handlers[:], found.level, found.propagate)
    yield found
    for handler in found.handlers:
        if handler not in before[0]:
            handler.close()
    found.handlers[:], found.propagate = before[0], before[2]
    found.setLevel(before[1])


@pytest.mark.parametrize("rotated", [False, True])
def test_log_full_disk_one_line_and_resumes(
    tmp_path: Path, logger: logging.Logger, capsys: pytest.CaptureFixture[str], rotated: bool
) -> None:
    path = tmp_path / "a.log"
    path.symlink_to("/dev/full")
    log_to_file(path, rotated=rotated)
    for number in range(1000):
        logger.info("lost %s", number)
    said = capsys.readouterr().err
    assert said.splitlines() == [
        f"swf-console: {path}: the log cannot be written: No space left on device. Logging stops until it can"
    ]
    path.unlink()
    logger.info("written")
    logger.info("again")
    records = [json.loads(line)["message"] for line in path.read_text().splitlines()]
    assert records[-1] == "again"
    assert "written" in records
    assert any("1000 records were lost" in record for record in records)
    assert capsys.readouterr().err == ""


def test_log_unwritable_directory_reported_with_first_record(
    tmp_path: Path, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    log_to_file(tmp_path / "absent" / "a.log")
    assert capsys.readouterr().err == ""
    logger.info("one")
    logger.info("two")
    assert capsys.readouterr().err.count("the log cannot be written: No such file or directory") == 1
    (tmp_path / "absent").mkdir()
    logger.info("three")
    assert "three" in (tmp_path / "absent" / "a.log").read_text()


def test_stderr_handler_full_disk_prints_no_traceback(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 (closing it fails)
    logger.addHandler(StderrHandler(full))
    logger.warning("lost")
    assert capsys.readouterr().err == ""
    with suppress(OSError):
        full.close()

"""The journal of a home."""

from pathlib import Path

from swf_console.backend.services.journal import Journal


def test_journal_invalid_lines_ignored(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.entries() == []
    journal.path.write_bytes(b'{"at": 1}\n\xff\xfe\nnot json\n')
    assert journal.entries() == []

"""The documents for contributors name files that exist."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")
# where a path in a document may begin
ROOTS = (
    CHECKOUT,
    CHECKOUT / "swf_console",
    CHECKOUT / "swf_console/backend",
    CHECKOUT / "swf_console/backend/database",
)
EXAMPLE = re.compile(r"NAME|NNNN")
# names of files that a running home has
STATE_DIRECTORY = re.compile(r"^## State directory$.*?(?=^## )", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/database.md"])
def test_document_for_contributors_names_existing_files(document: str) -> None:
    text = STATE_DIRECTORY.sub("", (CHECKOUT / document).read_text())
    named = {path for path in PATH.findall(text) if not EXAMPLE.search(path)}
    assert len(named) > 3
    assert sorted(path for path in named if not any((root / path).exists() for root in ROOTS)) == []

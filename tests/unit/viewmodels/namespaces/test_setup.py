"""Writing the console's namespace."""

import pytest

from swf_console.backend.core.errors import NamespaceError
from swf_console.backend.core.settings import Settings
from swf_console.viewmodels.namespaces.setup import namespace_of, problem_of, write_namespace


def test_write_namespace_valid_name_is_written(settings: Settings) -> None:
    (settings.workflows_dir / "testbed.toml").write_text('[testbed]\nnamespace = "your-namespace"\n')
    assert namespace_of(settings) is None
    assert problem_of("a b")
    assert not problem_of("alice-dev")
    with pytest.raises(NamespaceError):
        write_namespace(settings, "your-namespace")
    write_namespace(settings, "alice-dev")
    assert namespace_of(settings) == "alice-dev"

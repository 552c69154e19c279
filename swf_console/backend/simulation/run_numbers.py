"""Run numbers for workflows of the existing testbed, which request them from the monitor's REST API.

They import `get_next_run_number` of `swf_common_lib.api_utils` and pass it `runner.api_session`. If that
package is not installed, `compat` has a module of that name; the number always comes from our sequence.
"""

import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from ..core.errors import ExecutionFailed

PACKAGE = "swf_common_lib"
ENDPOINT = "/api/state/next-run-number/"


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """The part of an HTTP response that such workflows read."""

    content: dict[str, object]
    status_code: int = 200
    ok: bool = True

    def json(self) -> dict[str, object]:
        """The body."""
        return dict(self.content)

    def raise_for_status(self) -> None:
        """Does nothing: a failed request raises in post()."""


class ApiSession:
    """Answers the one request that workflows send to the monitor."""

    def __init__(self, next_run_number: Callable[[], int]) -> None:
        self._next_run_number = next_run_number

    def post(self, url: str, **_options: object) -> ApiResponse:
        """Take the next run number; ExecutionFailed for any other address."""
        if not url.rstrip("/").endswith(ENDPOINT.rstrip("/")):
            raise ExecutionFailed(
                f"POST {url}: runner.api_session supports only {ENDPOINT}",
                "Use runner.send_message for messages and runner.record_state for states",
            )
        number = self._next_run_number()
        return ApiResponse({"status": "success", "run_number": number})


class _CompatFinder(MetaPathFinder):
    """Finds our module under the existing package's name, after every other finder has failed."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != PACKAGE:
            return None
        folder = Path(__file__).with_name("compat") / PACKAGE
        return importlib.util.spec_from_file_location(
            fullname, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )


def install_compat() -> None:
    """Make `import swf_common_lib.api_utils` work if that package is not installed."""
    if not any(isinstance(finder, _CompatFinder) for finder in sys.meta_path):
        sys.meta_path.append(_CompatFinder())

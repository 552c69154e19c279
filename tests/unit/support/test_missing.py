"""A service that is not installed: the test is skipped locally and fails in CI."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from _pytest.outcomes import Failed, Skipped

from tests import conftest
from tests.support.processes.server import ServiceMissing


@contextmanager
def nowhere() -> Iterator[None]:
    """A service whose package is missing."""
    raise ServiceMissing("Broker is missing: apt-get install broker")
    yield


@pytest.mark.parametrize(("variable", "outcome"), [("", Skipped), ("true", Failed)])
def test_running_missing_service_names_package(
    monkeypatch: pytest.MonkeyPatch, variable: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", variable)
    with pytest.raises(outcome, match="apt-get install broker"):
        next(conftest.running(nowhere()))


def test_running_service_is_ended_after_test() -> None:
    ended = []

    @contextmanager
    def service() -> Iterator[str]:
        yield "address"
        ended.append(True)

    test = conftest.running(service())
    assert next(test) == "address"
    assert list(test) == []
    assert ended

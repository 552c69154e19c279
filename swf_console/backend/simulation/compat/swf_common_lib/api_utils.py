"""The one function of the existing testbed's `api_utils` that its workflows call."""

from typing import Any


def get_next_run_number(monitor_url: str, api_session: Any, logger: Any) -> str:
    """Take the next DAQ run number from `api_session`, as text."""
    response = api_session.post(f"{monitor_url}/api/state/next-run-number/")
    response.raise_for_status()
    number = str(response.json()["run_number"])
    logger.info("run number %s", number)
    return number

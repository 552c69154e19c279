"""Configurations as they compose here: one with its provenance, all of them, and what is wrong with them."""

from collections.abc import Sequence

from ..configuration import (
    Composition,
    ConfigurationSummary,
    Override,
    compose,
    list_configurations,
    validate,
)
from ..errors import ConfigurationError, Problem
from ..services.executions.request import testbed_of
from ..settings import Settings


def composed(settings: Settings, configuration: str, overrides: Sequence[Override] = ()) -> Composition:
    """One configuration as an execution would see it. Raises ConfigurationError with every problem."""
    return compose(settings.workflows_dir, configuration, testbed=testbed_of(settings), overrides=overrides)


def all_configurations(settings: Settings) -> list[ConfigurationSummary]:
    """Every configuration of the home, broken ones with their problems."""
    return list_configurations(settings.workflows_dir)


def problems_of(settings: Settings, names: Sequence[str] = ()) -> list[Problem]:
    """Every problem of the named configurations, or of all, and of testbed.toml."""
    try:
        testbed = testbed_of(settings)
    except ConfigurationError as error:
        return [*error.problems, *validate(settings.workflows_dir, names)]
    return validate(settings.workflows_dir, names, testbed)

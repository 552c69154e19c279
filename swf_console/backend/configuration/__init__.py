"""The room of configuration: TOML composition with provenance, the parameter schema, testbed.toml.

Nothing is imported here before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agents import AgentNeed
    from .catalogue import datataking_schema
    from .composing import compose
    from .composition import Composition, Provenance, Replaced, Value
    from .listing import (
        ConfigurationSummary,
        configuration_names,
        list_configurations,
        validate,
        workflow_defaults,
        workflow_schema,
    )
    from .names import check_namespace, plain_name, resolve_namespace
    from .overrides import Override, overrides_from, parse_override, typed_override
    from .redaction import REDACTED, is_secret, redact
    from .schema import Parameter, Schema
    from .testbed import Testbed, find_testbed, load_testbed

__all__ = [
    "REDACTED",
    "AgentNeed",
    "Composition",
    "ConfigurationSummary",
    "Override",
    "Parameter",
    "Provenance",
    "Replaced",
    "Schema",
    "Testbed",
    "Value",
    "check_namespace",
    "compose",
    "configuration_names",
    "datataking_schema",
    "find_testbed",
    "is_secret",
    "list_configurations",
    "load_testbed",
    "overrides_from",
    "parse_override",
    "plain_name",
    "redact",
    "resolve_namespace",
    "typed_override",
    "validate",
    "workflow_defaults",
    "workflow_schema",
]

_PLACES = {
    "AgentNeed": "agents",
    "datataking_schema": "catalogue",
    "compose": "composing",
    "Composition": "composition",
    "Provenance": "composition",
    "Replaced": "composition",
    "Value": "composition",
    "ConfigurationSummary": "listing",
    "configuration_names": "listing",
    "list_configurations": "listing",
    "validate": "listing",
    "workflow_defaults": "listing",
    "workflow_schema": "listing",
    "check_namespace": "names",
    "plain_name": "names",
    "resolve_namespace": "names",
    "Override": "overrides",
    "overrides_from": "overrides",
    "parse_override": "overrides",
    "typed_override": "overrides",
    "REDACTED": "redaction",
    "is_secret": "redaction",
    "redact": "redaction",
    "Parameter": "schema",
    "Schema": "schema",
    "Testbed": "testbed",
    "find_testbed": "testbed",
    "load_testbed": "testbed",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f".{_PLACES[name]}", __name__), name)
    raise AttributeError(name)

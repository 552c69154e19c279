"""The room of configuration: TOML composition with provenance, the parameter schema, testbed.toml."""

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
from .names import check_namespace, nearest, plain_name, resolve_namespace
from .overrides import Override, overrides_from, parse_override
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
    "nearest",
    "overrides_from",
    "parse_override",
    "plain_name",
    "redact",
    "resolve_namespace",
    "validate",
    "workflow_defaults",
    "workflow_schema",
]

"""The OpenAPI 3.1 document, made of the same declarations as the routes."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ... import __version__
from .fields import Field
from .kinds import Schema
from .operation import Operation
from .stream import QUERY

PROBLEM: Schema = {"type": "object", "additionalProperties": True}
REFUSALS = {"400": "The request cannot be used", "401": "The token is missing or wrong"}
TOO_LARGE = {"408": "The body did not arrive in time", "413": "The body is over 1 MiB"}
PAGE: Schema = {"type": "object", "required": ["count", "next", "previous", "results"]}


def describe(operations: Sequence[Operation], *, with_token: bool) -> dict[str, Any]:
    """The document. `with_token` says that requests need one."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = re.sub(r":path\}", "}", operation.path) + "/"
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, with_token=with_token)
    paths["/api/messages/stream/"] = {"get": _stream()}
    paths["/api/messages/stream/status/"] = {"get": _status()}
    schemas = {each.row.title: each.row.schema() for each in operations if each.row is not None}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "swf-console monitor",
            "version": __version__,
            "description": "How agents report. Paths answer with and without their last slash.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "Token <SWF_API_TOKEN>",
                }
            },
        },
        **({"security": [{"token": []}]} if with_token else {}),
    }


def _operation(operation: Operation, *, with_token: bool) -> dict[str, Any]:
    path = [_parameter(field, "path") for field in operation.keys]
    query = [_parameter(field, "query") for field in operation.parameters]
    described: dict[str, Any] = {
        "operationId": f"{operation.handler.__module__.rpartition('.')[2]}_{operation.handler.__name__}",
        "summary": operation.summary,
        "tags": [operation.path.split("/")[2]],
        "parameters": [*path, *query],
        "responses": _responses(operation),
    }
    if operation.body is not None:
        schema = operation.body.schema()
        if operation.bulk:
            schema = {"oneOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}
        required = any(field.required for field in operation.body.fields)
        described["requestBody"] = {"required": required, "content": _json(schema)}
    if operation.open and with_token:
        described["security"] = []
    return described


def _responses(operation: Operation) -> dict[str, Any]:
    row: Schema = {"$ref": f"#/components/schemas/{operation.row.title}"} if operation.row else {}
    schema = row
    if operation.is_list:
        rows = {"type": "array", "items": row}
        schema = {"oneOf": [rows, {**PAGE, "properties": {"results": rows, "count": {"type": "integer"}}}]}
    elif operation.bulk:
        schema = {"oneOf": [row, {"type": "array", "items": row}]}
    good = {"200": "As it is stored"} | ({"201": "It is new"} if operation.made else {})
    bad = REFUSALS | (TOO_LARGE if operation.writes else {}) | {"503": "The database cannot be used now"}
    return {
        **{status: {"description": text, "content": _json(schema)} for status, text in good.items()},
        **{status: {"description": text, "content": _json(PROBLEM)} for status, text in bad.items()},
    }


def _stream() -> dict[str, Any]:
    last = {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "format": "uuid"},
        "description": "Replays what came after this message",
    }
    return {
        "operationId": "messages_stream",
        "summary": "Follow messages as server-sent events",
        "tags": ["messages"],
        "parameters": [*_parameters(QUERY), last],
        "responses": {
            "200": {
                "description": "Events: connected, one of each message's type, heartbeat",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            "400": {"description": REFUSALS["400"], "content": _json(PROBLEM)},
            "401": {"description": REFUSALS["401"], "content": _json(PROBLEM)},
            "429": {"description": "Too many streams", "content": _json(PROBLEM)},
        },
    }


def _status() -> dict[str, Any]:
    properties: Schema = {
        "connected_clients": {"type": "integer"},
        "client_ids": {"type": "array", "items": {"type": "string"}},
        "client_filters": {"type": "object"},
        "cut_off": {"type": "integer"},
    }
    schema = {"type": "object", "properties": properties, "required": sorted(properties)}
    return {
        "operationId": "messages_stream_status",
        "summary": "Who follows the live stream",
        "tags": ["messages"],
        "responses": {
            "200": {"description": "The clients", "content": _json(schema)},
            "401": {"description": REFUSALS["401"], "content": _json(PROBLEM)},
        },
    }


def _parameters(fields: Iterable[Field]) -> list[dict[str, Any]]:
    return [_parameter(field, "query") for field in fields]


def _parameter(field: Field, place: str) -> dict[str, Any]:
    schema = field.schema()
    if place == "query":  # what is empty is not given
        schema = {"anyOf": [*schema.get("anyOf", [schema]), {"const": ""}]}
    return {"name": field.name, "in": place, "required": place == "path", "schema": schema}


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}

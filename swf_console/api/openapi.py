"""The OpenAPI 3.1 document, generated from the models of the operations."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from .. import __version__
from .operation import Operation
from .schemas import JsonSchema, RequestSchema, request_schema, response_schema
from .stream.endpoint import StreamQuery

PROBLEM: JsonSchema = {"type": "object", "additionalProperties": True}
ERRORS = {"400": "Invalid request", "401": "The token is missing or wrong"}
TOO_LARGE = {"408": "The body did not arrive in time", "413": "The body is over 1 MiB"}
PAGE: JsonSchema = {"type": "object", "required": ["count", "next", "previous", "results"]}


class StreamStatus(BaseModel):
    """The clients of the live stream."""

    connected_clients: int
    client_ids: list[str]
    client_filters: dict[str, Any]
    cut_off: int


def describe(operations: Sequence[Operation], *, with_token: bool) -> dict[str, Any]:
    """The document. `with_token` says that requests need a token."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        # Starlette's converter suffix is not part of an OpenAPI path template
        path = re.sub(r":path\}", "}", operation.path) + "/"
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, with_token=with_token)
    paths["/api/messages/stream/"] = {"get": _stream()}
    paths["/api/messages/stream/status/"] = {"get": _status()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "swf-console monitor",
            "version": __version__,
            "description": "The REST interface for agents. Paths work with and without their trailing slash.",
        },
        "paths": paths,
        "components": {
            "schemas": _components(operations),
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


def _components(operations: Sequence[Operation]) -> dict[str, JsonSchema]:
    requests = [each.body for each in operations if each.body is not None]
    responses: list[type[BaseModel]] = [StreamStatus]
    responses += [each.response_model for each in operations if each.response_model is not None]
    return {
        **{each.__name__: request_schema(each) for each in requests},
        **{each.__name__: response_schema(each) for each in responses},
    }


def _operation(operation: Operation, *, with_token: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "operationId": f"{operation.handler.__module__.rpartition('.')[2]}_{operation.handler.__name__}",
        "summary": operation.summary,
        "tags": [operation.path.split("/")[2]],
        "parameters": [*_parameters(operation.keys, "path"), *_parameters(operation.query_schema, "query")],
        "responses": _responses(operation),
    }
    if operation.body is not None:
        schema = _reference(operation.body)
        if operation.bulk:
            schema = {"oneOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}
        required = any(field.is_required() for field in operation.body.model_fields.values())
        document["requestBody"] = {"required": required, "content": _json(schema)}
    if operation.public and with_token:
        document["security"] = []
    return document


def _responses(operation: Operation) -> dict[str, Any]:
    row = {} if operation.response_model is None else _reference(operation.response_model)
    schema = row
    if operation.is_list:
        rows = {"type": "array", "items": row}
        schema = {"oneOf": [rows, {**PAGE, "properties": {"results": rows, "count": {"type": "integer"}}}]}
    elif operation.bulk:
        schema = {"oneOf": [row, {"type": "array", "items": row}]}
    success = {"200": "The stored row"} | ({"201": "Created"} if operation.creates else {})
    errors = ERRORS | (TOO_LARGE if operation.writes else {}) | {"503": "The database cannot be used now"}
    return {
        **{status: {"description": text, "content": _json(schema)} for status, text in success.items()},
        **{status: {"description": text, "content": _json(PROBLEM)} for status, text in errors.items()},
    }


def _stream() -> dict[str, Any]:
    last = {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "format": "uuid"},
        "description": "Replays the messages after this one",
    }
    return {
        "operationId": "messages_stream",
        "summary": "Follow messages as server-sent events",
        "tags": ["messages"],
        "parameters": [*_parameters(StreamQuery, "query"), last],
        "responses": {
            "200": {
                "description": "Events: connected, one of each message's type, heartbeat",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            "400": {"description": ERRORS["400"], "content": _json(PROBLEM)},
            "401": {"description": ERRORS["401"], "content": _json(PROBLEM)},
            "429": {"description": "Too many streams", "content": _json(PROBLEM)},
        },
    }


def _status() -> dict[str, Any]:
    return {
        "operationId": "messages_stream_status",
        "summary": "List the clients of the live stream",
        "tags": ["messages"],
        "responses": {
            "200": {"description": "The clients", "content": _json(_reference(StreamStatus))},
            "401": {"description": ERRORS["401"], "content": _json(PROBLEM)},
        },
    }


def _parameters(schema: type[RequestSchema], location: str) -> list[dict[str, Any]]:
    properties = request_schema(schema)["properties"]
    return [_parameter(name, each, location) for name, each in properties.items()]


def _parameter(name: str, schema: JsonSchema, location: str) -> dict[str, Any]:
    about = {"description": schema.pop("description")} if "description" in schema else {}
    if location == "query":  # an empty value counts as not given
        schema = {"anyOf": [*schema.get("anyOf", [schema]), {"const": ""}]}
    return {"name": name, "in": location, "required": location == "path", "schema": schema, **about}


def _reference(model: type[BaseModel]) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _json(schema: JsonSchema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}

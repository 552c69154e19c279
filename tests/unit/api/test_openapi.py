"""The OpenAPI document is right: allowed bodies are accepted, answers match their schemas."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swf_console.api.openapi import describe
from swf_console.api.routes import OPERATIONS
from tests.support.monitor import SAMPLE, Monitor, monitor_in, new_slice

DOCUMENT = describe(OPERATIONS, with_token=False)
DONE = [
    (path, method)
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
    if path != "/api/messages/stream/"
]
WRITTEN = [(path, method) for path, method in DONE if "requestBody" in DOCUMENT["paths"][path][method]]
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)

TOKEN = "a-token"
quickly = settings(database=None, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.fixture(scope="module")
def shared_monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    with monitor_in(tmp_path_factory.mktemp("openapi")) as found:
        found.register_sample()
        yield found


def referred(schema: dict[str, Any]) -> dict[str, Any]:
    schemas: dict[str, Any] = DOCUMENT["components"]["schemas"]
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def allowed(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema of ours allows."""
    schema = referred(schema)
    if "anyOf" in schema or "oneOf" in schema:
        return st.one_of([allowed(each) for each in schema.get("anyOf") or schema["oneOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        required = set(schema.get("required", ()))
        properties = {name: allowed(each) for name, each in schema["properties"].items()}
        needed = {name: each for name, each in properties.items() if name in required}
        rest = {name: each for name, each in properties.items() if name not in required}
        return st.fixed_dictionaries(needed, optional=rest)
    simple = {
        "object": st.dictionaries(st.text(max_size=5), ANY_JSON, max_size=3),
        "null": st.none(),
        "boolean": st.booleans(),
        "number": st.floats(allow_nan=False, allow_infinity=False),
        "integer": st.integers(schema.get("minimum"), schema.get("maximum")),
        None: ANY_JSON,
    }
    if kind == "array":
        return st.lists(allowed(schema["items"]), min_size=1, max_size=3)
    return _text(schema) if kind == "string" else simple[kind]


def _text(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    if schema.get("format") == "uuid":
        return st.uuids().map(str)
    if "pattern" in schema:
        longest = schema.get("maxLength", math.inf)
        return st.from_regex(schema["pattern"], fullmatch=True).filter(lambda text: len(text) <= longest)
    return st.text(max_size=schema.get("maxLength", 50))


def is_of(schema: dict[str, Any], value: Any) -> bool:
    """Whether a value is what a schema of an answer says."""
    schema = referred(schema)
    if "anyOf" in schema:
        return any(is_of(each, value) for each in schema["anyOf"])
    if "oneOf" in schema:
        return sum(is_of(each, value) for each in schema["oneOf"]) == 1
    kinds = schema.get("type", [])
    types: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "null": type(None),
    }
    named = [kinds] if isinstance(kinds, str) else kinds
    if named and not any(isinstance(value, types[kind]) for kind in named):
        return False
    if isinstance(value, list) and "items" in schema:
        return all(is_of(schema["items"], item) for item in value)
    if isinstance(value, dict) and "properties" in schema:
        there = set(schema.get("required", ())) <= set(value)
        known = {name: value[name] for name in schema["properties"] if name in value}
        return there and all(is_of(schema["properties"][name], item) for name, item in known.items())
    return True


def filled(path: str, key: str) -> str:
    head, brace, tail = path.partition("{")
    return head + quote(key, safe="") + tail.partition("}")[2] if brace else path


@pytest.mark.parametrize(("path", "method"), WRITTEN)
def test_openapi_allowed_body_is_accepted_or_refused_by_field(
    shared_monitor: Monitor, path: str, method: str
) -> None:
    operation = DOCUMENT["paths"][path][method]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    rejected: list[str] = []

    @settings(quickly, max_examples=12)
    @given(allowed(schema), st.sampled_from(["1", "100010", "x", "00000000-0000-0000-0000-000000000001"]))
    def prove(document: Any, key: str) -> None:
        body = json.dumps(document).encode()
        answer = shared_monitor.ask(method.upper(), filled(path, key), content=body)
        assert answer.status_code < 500, (document, answer.text)
        assert answer.status_code != 400 or "detail" not in answer.json(), (document, answer.text)
        assert str(answer.status_code) in operation["responses"]
        described = operation["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
        assert is_of(described, answer.json()), answer.text
        if answer.status_code == 400:
            rejected.extend(name.rpartition(".")[2] for name in answer.json())

    prove()
    # a parent or an id that is not there cannot be told by a schema
    references = {"workflow_definition", "run", "stf_file", "fastmon_file", "workflow", "metadata", "status"}
    keys = {"id", "execution_id", "run_id", "run_number", "file_id", "tf_file_id", "worker_id", "stage_id"}
    assert set(rejected) <= references | keys


@pytest.mark.parametrize(("path", "method"), WRITTEN)
def test_openapi_arbitrary_json_is_answered(shared_monitor: Monitor, path: str, method: str) -> None:
    fields = [name for each in OPERATIONS if each.body for name in each.body.model_fields]

    @settings(quickly, max_examples=15)
    @given(ANY_JSON | st.dictionaries(st.sampled_from(fields), ANY_JSON, max_size=12))
    def prove(document: Any) -> None:
        answer = shared_monitor.ask(method.upper(), filled(path, "1"), content=json.dumps(document).encode())
        assert answer.status_code in (200, 201, 400), (document, answer.text)

    prove()


@pytest.mark.parametrize("path", [path for path, method in DONE if method == "get" and "{" not in path])
def test_openapi_lists_match_their_schema(shared_monitor: Monitor, path: str) -> None:
    shared_monitor.ask("POST", "/api/tf-slices/", json=new_slice(1, fastmon_file=SAMPLE))
    # log lines are read only with a token
    reader = Monitor(shared_monitor.database, TOKEN)
    responses = DOCUMENT["paths"][path]["get"]["responses"]
    for query in ("", "?limit=3"):
        answer = reader.ask("GET", f"{path}{query}", headers={"authorization": f"Token {TOKEN}"})
        assert answer.status_code == 200
        assert is_of(responses["200"]["content"]["application/json"]["schema"], answer.json()), answer.text


def test_openapi_document_names_every_endpoint(shared_monitor: Monitor) -> None:
    served = shared_monitor.get("/openapi.json")
    assert served["openapi"] == "3.1.0"
    assert served == json.loads(json.dumps(DOCUMENT))
    assert "/api/workflow-executions/{execution_id}/" in served["paths"]
    names = [each["operationId"] for methods in served["paths"].values() for each in methods.values()]
    assert len(names) == len(set(names))


def test_openapi_with_token_describes_security(tmp_path: Path) -> None:
    document = describe(OPERATIONS, with_token=True)
    assert document["security"] == [{"token": []}]
    assert document["paths"]["/api/logs/"]["post"]["security"] == []

"""Parameters: types, ranges, what text may become, and what a workflow declares of its own."""

from pathlib import Path
from typing import Any

import pytest

from swf_console.backend.config.declared import declared_parameters
from swf_console.backend.config.list import workflow_defaults, workflow_schema
from swf_console.backend.config.load import compose
from swf_console.backend.config.overrides import Override, overrides_from, parse_override
from swf_console.backend.config.parameter_schema import BadValue, Parameter, Schema
from swf_console.backend.config.parameters import DATATAKING_PARAMETERS
from swf_console.backend.core.errors import ConfigurationError

FOUNDING = {
    "no_beam_not_ready_delay",
    "broadcast_delay",
    "beam_not_ready_delay",
    "beam_ready_delay",
    "physics_period_count",
    "physics_period_duration",
    "standby_duration",
    "beam_not_ready_end_delay",
    "stf_interval",
    "stf_count",
    "target_worker_count",
    "stf_sampling_rate",
    "slices_per_sample",
    "slice_processing_time",
    "worker_rampup_time",
    "worker_rampdown_time",
}


def test_schema_has_all_parameters_of_founding_document() -> None:
    assert set(Schema(DATATAKING_PARAMETERS).names) >= FOUNDING


def test_schema_parameters_have_help_and_valid_default() -> None:
    for parameter in Schema(DATATAKING_PARAMETERS):
        assert parameter.help
        assert parameter.range
        if parameter.default is not None:
            assert parameter.fit(parameter.default) == parameter.default


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("integer", "10", 10),
        ("integer", " 10 ", 10),
        ("integer", "1e3", 1000),
        ("integer", 3.0, 3),
        ("number", "2.5", 2.5),
        ("number", 2, 2),
        ("boolean", "True", True),
        ("string", 3, "3"),
    ],
)
def test_fit_lenient_text_converted(kind: Any, value: Any, expected: Any) -> None:
    found = Parameter("x", kind, "").fit(value, lenient=True)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", "10"),
        ("integer", 1.5),
        ("integer", True),
        ("integer", float("inf")),
        ("number", False),
        ("number", "1"),
        ("boolean", 1),
        ("string", 1),
        ("number", None),
    ],
)
def test_fit_strict_text_refused(kind: Any, value: Any) -> None:
    with pytest.raises(BadValue):
        Parameter("x", kind, "").fit(value)


def test_fit_number_too_large_refused() -> None:
    with pytest.raises(BadValue, match="out of range"):
        Parameter("x", "number", "", maximum=10).fit(10**400)
    with pytest.raises(BadValue):
        Parameter("x", "integer", "", maximum=10).fit("9" * 5000, lenient=True)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (Parameter("x", "number", "", "Hz", minimum=0, maximum=1), "0 to 1 Hz"),
        (Parameter("x", "number", "", minimum=1), "1 or more"),
        (Parameter("x", "number", "", maximum=2147483647), "2,147,483,647 or less"),
        (Parameter("x", "string", "", choices=("a", "b")), "a or b"),
        (Parameter("x", "string", ""), ""),
    ],
)
def test_parameter_range_as_text(parameter: Parameter, expected: str) -> None:
    assert parameter.range == expected


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("stf_count=10", "stf_count", 10),
        (" fast_processing.stf_count = 10 ", "fast_processing.stf_count", 10),
        ("x=2.5", "x", 2.5),
        ("x=true", "x", True),
        ('x="10"', "x", "10"),
        ("x=/topic/panda.slices", "x", "/topic/panda.slices"),
        ("x=a=b", "x", "a=b"),
        ("x=[1]", "x", "[1]"),
        ("x=1\ny=2", "x", "1\ny=2"),
    ],
)
def test_parse_override_scalar_or_bare_word(text: str, key: str, value: Any) -> None:
    found = parse_override(text, "--set")
    assert (found.key, found.value, found.origin) == (key, value, "--set")


@pytest.mark.parametrize("text", ["", "x", "x=", "=1", "a b=1", "a..b=1"])
def test_parse_override_incomplete_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--set"):
        parse_override(text, "--set")


def test_overrides_from_message_params() -> None:
    params = {"stf_count": "5", "namespace": "n", "stf_interval": None, "fast_processing": {"stf_count": 3}}
    assert [(each.key, each.value) for each in overrides_from(params)] == [
        ("stf_count", "5"),
        ("fast_processing.stf_count", 3),
    ]


DECLARING = """
raise SystemExit("this file must never be executed")
PARAMETERS: dict = {
    "detector_gain": {"type": "number", "unit": "dB", "minimum": 0, "maximum": 40, "default": 10,
                      "help": "Gain", "section": "my_detector"},
    "mode": {"type": "string", "choices": ["a", "b"]},
}
"""


def test_declared_parameters_read_without_execution(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(DECLARING)
    (tmp_path / "mine.toml").write_text('[workflow]\nname = "mine"\n[my_detector]\n')
    found = compose(tmp_path, "mine", overrides=[Override("mode", "a")])
    assert found.parameters == {"detector_gain": 10, "mode": "a"}
    assert workflow_defaults(tmp_path, "mine") == {"detector_gain": 10}
    assert [each["name"] for each in workflow_schema(tmp_path, "mine")] == ["detector_gain", "mode"]
    (tmp_path / "mine.toml").write_text('[workflow]\nname = "mine"\n[my_detector]\ndetector_gian = 50\n')
    with pytest.raises(ConfigurationError, match=r"mine\.toml:4:1: .*mean detector_gain\?"):
        compose(tmp_path, "mine")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PARAMETERS = load()", "must be a literal table"),
        ("PARAMETERS = [1]", "must be a literal table"),
        ('PARAMETERS = {"a": {"type": "complex"}}', "with a type of"),
        ('PARAMETERS = {"a": {"type": "number", "min": 1}}', "unknown field 'min'"),
        ('PARAMETERS = {"a": {"type": "number", "minimum": "1"}}', "minimum has the wrong type"),
        ('PARAMETERS = {"a": {"type": "number", "maximum": 1, "default": 2}}', "out of range"),
        ('PARAMETERS = {"a b": {"type": "number"}}', "name consists of letters"),
        ("PARAMETERS = {1: 2}", "name consists of letters"),
    ],
)
def test_declared_parameters_invalid_names_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(f"\n{text}\n")
    with pytest.raises(ConfigurationError, match=message) as caught:
        declared_parameters(path)
    assert (caught.value.problems[0].file, caught.value.problems[0].line) == (path, 2)


@pytest.mark.parametrize(
    "text", ["", "PARAMETERS = (", "PARAMETERS", "def PARAMETERS(): ...", "\0PARAMETERS"]
)
def test_declared_parameters_without_declaration_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    assert declared_parameters(path) is None
    assert declared_parameters(tmp_path / "gone.py") is None

"""Schemas of requests and responses, as pydantic models; OpenAPI is generated from them.

A value is first converted ("5" is a number), then checked by its strict type.
"""

import re
import typing
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    MISSING,
    BaseModel,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, PydanticKnownError, core_schema

T = TypeVar("T")
JsonSchema = dict[str, Any]

SMALLEST, LARGEST = -(2**31), 2**31 - 1
LARGEST_BIG = 2**63 - 1
EXACT = 2**53 - 1  # beyond it, clients that parse numbers as floats round them
FLAGS: dict[int | str, bool] = {
    "true": True,
    "True": True,
    "1": True,
    "false": False,
    "False": False,
    "0": False,
}
FLAGS |= {1: True, 0: False}
NULL = "This field may not be null."
# the messages that clients of the monitor expect, by pydantic's error type
TEXTS = {
    "missing": "This field is required.",
    "string_type": "Not a valid string.",
    "string_too_short": "This field may not be blank.",
    "string_too_long": "Ensure this field has no more than {max_length} characters.",
    "string_pattern_mismatch": "Control characters are not allowed.",
    "int_type": "A valid integer is required.",
    "int_limits": "Ensure this value is from {low} to {high}.",
    "float_type": "A valid number is required.",
    "finite_number": "A valid number is required.",
    "bool_type": "Must be a valid boolean.",
    "literal_error": "Not a valid choice: one of {expected}.",
    "datetime_type": "Not a time in ISO 8601, such as 2026-01-31T12:00:00Z.",
    "uuid_type": "Must be a valid UUID.",
    "dict_type": "Must be a JSON object.",
}
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}(\.0{0,9})?", re.ASCII)
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE | re.ASCII)
# PostgreSQL stores no NUL in text; no database stores lone surrogates
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NO_CONTROLS = r"[^\u0000-\u001f\u007f-\u009f]*"
_BLANK_OR_TEXT = f"^{_NO_CONTROLS}$"
_TEXT = rf"^{_NO_CONTROLS}[^ \u0000-\u001f\u007f-\u009f]{_NO_CONTROLS}$"


class Problems(Exception):
    """What is wrong with a request, by field."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items()))
        self.fields = dict(fields)

    @classmethod
    def of(cls, field: str, text: str) -> "Problems":
        """One problem of one field."""
        return cls({field: [text]})


class RequestSchema(BaseModel):
    """The fields of a JSON object, a query or a path; unknown fields are ignored."""

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """The checked values, without omitted ones; raises Problems."""
        try:
            # pydantic 2.14: model_validate resolves its options on every call, 10 % of the time for a slice
            found = cls.__pydantic_validator__.validate_python(given)
        except ValidationError as error:
            raise Problems(_texts(error)) from None
        return {name: value for name, value in vars(found).items() if value is not MISSING}

    @classmethod
    def read_query(cls, given: Mapping[str, str]) -> dict[str, Any]:
        """The checked values of a query; an empty value counts as not given. Raises Problems."""
        return cls.read({name: value for name, value in given.items() if value != ""})

    @classmethod
    def changes(cls, title: str, *fixed: str) -> "type[RequestSchema]":
        """The schema of a change: nothing is required, nothing has a default, `fixed` fields are ignored."""
        fields: dict[str, Any] = {
            name: (field.rebuild_annotation() | MISSING, Field(MISSING, description=field.description))
            for name, field in cls.model_fields.items()
            if name not in fixed
        }
        return create_model(title, __base__=RequestSchema, __module__=cls.__module__, **fields)


class ResponseRow(Generic[T]):
    """The JSON form of a database row: its columns, and `more` computed fields, each with its type."""

    def __init__(self, title: str, row: type[T], **more: tuple[Any, Callable[[T], Any]]) -> None:
        columns = {name: _column(hint) for name, hint in typing.get_type_hints(row).items()}
        self._title, self._types = title, columns | {name: hint for name, (hint, _) in more.items()}
        self._columns, self._more = tuple(columns), {name: make for name, (_, make) in more.items()}

    @cached_property
    def model(self) -> type[BaseModel]:
        """The model of the JSON form."""
        fields: dict[str, Any] = {name: (hint, ...) for name, hint in self._types.items()}
        return create_model(self._title, **fields)

    def __call__(self, item: T) -> dict[str, Any]:
        """The row as JSON."""
        row = {name: getattr(item, name) for name in self._columns}
        return row | {name: make(item) for name, make in self._more.items()}


def request_schema(model: type[RequestSchema]) -> JsonSchema:
    """The JSON schema of accepted values."""
    return model.model_json_schema(schema_generator=_Accepted)


def response_schema(model: type[BaseModel]) -> JsonSchema:
    """The JSON schema of answers."""
    return model.model_json_schema(schema_generator=_Untitled, mode="serialization")


class _Untitled(GenerateJsonSchema):
    """Without field titles, which would repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 (the generator's own name)
        return False


class _Accepted(_Untitled):
    """Numbers and flags are also accepted as text, names as numbers."""

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        pattern = f"^[1-9][0-9]{{0,{len(str(schema['le'])) - 2}}}$"
        return {"anyOf": [super().int_schema(schema), {"type": "string", "pattern": pattern}]}

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        digits = {"type": "string", "pattern": r"^-?[0-9]{1,15}(\.[0-9]{1,9})?$"}
        return {"anyOf": [super().float_schema(schema), digits]}

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        number = {"type": "integer", "minimum": -EXACT, "maximum": EXACT}
        return {"anyOf": [super().str_schema(schema), number]}

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        return {"anyOf": [super().bool_schema(schema), {"enum": list(FLAGS)}]}


def _texts(error: ValidationError) -> dict[str, list[str]]:
    return {str(each["loc"][0]): [_text_of(each)] for each in error.errors(include_url=False)}


def _text_of(error: ErrorDetails) -> str:
    if error["type"] != "missing" and error["input"] is None:
        return NULL
    context = error.get("ctx", {})
    if "expected" in context:  # 'a', 'b' or 'c'
        context["expected"] = context["expected"].replace("'", "").replace(" or ", ", ")
    return TEXTS[error["type"]].format(**context)


def _column(hint: Any) -> Any:
    """The type of a column; a JSON column may hold any value."""
    kinds = {typing.get_origin(each) or each for each in (hint, *typing.get_args(hint))}
    return Any if dict in kinds else hint


def _whole(value: Any) -> int:
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    raise PydanticKnownError("int_type")


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _flag(value: Any) -> Any:
    return FLAGS.get(value, value) if isinstance(value, int | str) else value


def _text(value: Any) -> Any:
    return str(value) if type(value) is int and -EXACT <= value <= EXACT else value


def _storable(value: Any) -> Any:
    """Text with U+FFFD for characters that no database stores (NUL, lone surrogates)."""
    given = _text(value)
    return _UNSTORABLE.sub("\ufffd", given) if isinstance(given, str) else given


def _without_surrogates(value: Any) -> Any:
    """Text with NUL for lone surrogates, which pydantic cannot read; no pattern and no choice allows NUL."""
    return value if not isinstance(value, str) or value.isascii() else _UNSTORABLE.sub("\x00", value)


def _timestamp(value: Any) -> datetime:
    try:
        if isinstance(value, str) and len(value) <= 64:
            return datetime.fromisoformat(value.strip().upper()).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise PydanticKnownError("datetime_type")


def _identifier(value: Any) -> str:
    if isinstance(value, str) and _IDENTIFIER.fullmatch(value):
        return str(uuid.UUID(value))
    raise PydanticKnownError("uuid_type")


def _comma_list(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number within limits, also as text."""

    low: int = SMALLEST
    high: int = LARGEST

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        within = core_schema.custom_error_schema(
            core_schema.int_schema(ge=self.low, le=self.high),
            custom_error_type="int_limits",
            custom_error_message=TEXTS["int_limits"],
            custom_error_context={"low": self.low, "high": self.high},
        )
        return core_schema.no_info_before_validator_function(_whole, within)


@dataclass(frozen=True, slots=True)
class ShortText:
    """Short text on one line, stripped, such as a name; numbers are converted to text."""

    longest: int
    blank: bool = False

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        checked = core_schema.str_schema(
            strict=True,
            min_length=0 if self.blank else 1,
            max_length=self.longest,
            pattern=_BLANK_OR_TEXT if self.blank else _TEXT,
        )
        return core_schema.no_info_before_validator_function(self._read, checked)

    def _read(self, value: Any) -> Any:
        given = _without_surrogates(_text(value))
        if not isinstance(given, str):
            return given
        text = given.strip(" ")
        # the limit counts the spaces around the text too; text of spaces only is blank, not too long
        return given if len(given) > self.longest and (text or self.blank) else text


CHOICE = BeforeValidator(_without_surrogates)
Word = Annotated[str, ShortText(20)]
Name = Annotated[str, ShortText(100)]
FileName = Annotated[str, ShortText(255)]
FileStatus = Annotated[Literal["registered", "processing", "processed", "failed", "done"], CHOICE]
AnyInteger = Annotated[int, Integer()]
Natural = Annotated[int, Integer(0)]
Number = Annotated[float, BeforeValidator(_number), Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, BeforeValidator(_flag), Field(strict=True)]
# text of any length that a body can hold
Text = Annotated[str, BeforeValidator(_storable), Field(strict=True)]
# an instant in ISO 8601, in UTC once it is read; without a zone it is local time
Timestamp = Annotated[datetime, PlainValidator(_timestamp, json_schema_input_type=datetime)]
Identifier = Annotated[str, PlainValidator(_identifier, json_schema_input_type=uuid.UUID)]
IDENTIFIER = TypeAdapter[str](Identifier)
# a JSON object
Document = Annotated[dict[Any, Any], Field(strict=True)]
# words separated by commas
CommaList = Annotated[frozenset[Any], BeforeValidator(_comma_list, json_schema_input_type=str)]

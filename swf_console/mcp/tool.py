"""A tool: a named function with checked arguments."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, create_model

from ..backend.core.errors import UsageError
from ..backend.core.settings import Settings
from ..backend.database import Database

MAX_PROBLEMS = 20
NO_CONTROL = r"^[^\x00-\x1f\x7f-\x9f]*$"
NAME = r"^[A-Za-z0-9_][A-Za-z0-9._-]*$"
MAX_ITEMS = 200

Line = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NO_CONTROL)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NAME)]
User = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9._-]+$")]
FilterText = Annotated[str, StringConstraints(max_length=2000, pattern=NO_CONTROL)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^[^\x00]*$")]
TimeText = Annotated[
    Line, Field(description="a time in ISO 8601 (UTC without a zone), or an age such as 10m, 2h, 3d")
]
Run = Annotated[int, Field(ge=0, le=2**31 - 1, description="DAQ run number")]
Number = Annotated[int, Field(ge=0, le=2**31 - 1)]
RowId = Annotated[int, Field(ge=0, le=2**63 - 1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[Finite, Field(ge=0, le=1e9, description="simulated seconds; 0: no limit")]
Wait = Annotated[Finite, Field(gt=0, le=60, description="wall seconds to wait for the end")]
Limit = Annotated[int, Field(ge=1, le=MAX_ITEMS, description="maximum number of items")]
Cursor = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000, pattern=r"^[A-Za-z0-9_=-]+$"),
    Field(description="next_cursor of the previous page; omit it for the first page"),
]
Parameters = Annotated[
    dict[Name, Any],
    Field(max_length=100, description="parameters by name or section.key; they override the configuration"),
]
Metadata = Annotated[dict[Line, Any], Field(max_length=100)]
Status = Literal["running", "completed", "failed", "terminated"]
AgentStatus = Literal["UNKNOWN", "OK", "WARNING", "ERROR", "EXITED"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class ToolContext(Protocol):
    """The context that a tool gets."""

    @property
    def settings(self) -> Settings: ...

    @property
    def instructions(self) -> str:
        """The instructions for clients of this server."""
        ...

    def described_tools(self) -> list[dict[str, Any]]:
        """Name, description and kind of every tool."""
        ...

    def database(self) -> Database:
        """The database, opened on first use. Raises DatabaseUnusable or DatabaseUnreachable."""
        ...


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `writes`: it changes something; `destroys`: it ends something that cannot be continued."""

    name: str
    about: str
    writes: bool
    destroys: bool
    function: Callable[..., Any]
    arguments: type[BaseModel]

    def schema(self) -> dict[str, Any]:
        """The JSON schema of its arguments."""
        return self.arguments.model_json_schema()

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The checked arguments. Raises UsageError with every problem, unknown arguments included."""
        try:
            model = self.arguments.model_validate(dict(given))
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            problems = [_problem(one["loc"], one["msg"]) for one in found[:MAX_PROBLEMS]]
            known = ", ".join(self.arguments.model_fields) or "none"
            raise UsageError("; ".join(problems), f"{self.name} takes: {known}") from None
        return {name: getattr(model, name) for name in self.arguments.model_fields}

    def __call__(self, context: ToolContext, values: Mapping[str, Any]) -> Any:
        """Call the function."""
        return self.function(context, **values)


def tool(*, writes: bool = False, destroys: bool = False) -> Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a function `(context, *, arguments)`; its docstring is the tool's description."""

    def decorate(function: Callable[..., Any]) -> Tool:
        hints = get_type_hints(function, include_extras=True)
        _, *parameters = inspect.signature(function).parameters.values()
        fields: dict[str, Any] = {
            one.name: (hints[one.name], ... if one.default is one.empty else one.default)
            for one in parameters
        }
        name = function.__name__
        model = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
        about = inspect.cleandoc(function.__doc__ or "")
        return Tool(name, about, writes or destroys, destroys, function, model)

    return decorate


def _problem(place: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part)[:60] for part in place) or "arguments"
    return f"{where}: {message}"

"""A tool: a function with a name, whose arguments are checked before it is called."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from ..backend.errors import UsageError

if TYPE_CHECKING:
    from .desk import Desk

MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `writes` changes something, `destroys` ends something that cannot go on afterwards."""

    name: str
    about: str
    writes: bool
    destroys: bool
    function: Callable[..., Any]
    arguments: type[BaseModel]

    def schema(self) -> dict[str, Any]:
        """What it takes, as JSON schema."""
        return self.arguments.model_json_schema()

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The values of its arguments. Raises UsageError with every problem; an unknown argument is one."""
        try:
            model = self.arguments.model_validate(dict(given))
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            problems = [_spelled(one["loc"], one["msg"]) for one in found[:MOST_PROBLEMS]]
            known = ", ".join(self.arguments.model_fields) or "none"
            raise UsageError("; ".join(problems), f"{self.name} takes: {known}") from None
        return {name: getattr(model, name) for name in self.arguments.model_fields}

    def __call__(self, desk: "Desk", values: Mapping[str, Any]) -> Any:
        """Do it."""
        return self.function(desk, **values)


def tool(*, writes: bool = False, destroys: bool = False) -> Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a function `(desk, *, arguments)`; its docstring is what an assistant reads."""

    def made(function: Callable[..., Any]) -> Tool:
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

    return made


def _spelled(place: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part)[:60] for part in place) or "arguments"
    return f"{where}: {message}"

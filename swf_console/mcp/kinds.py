"""Kinds of arguments: what is accepted, said in the schema and checked."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

NO_CONTROL = r"^[^\x00-\x1f\x7f-\x9f]*$"
NAME = r"^[A-Za-z0-9_][A-Za-z0-9._-]*$"
MOST_ITEMS = 200

Line = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NO_CONTROL)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NAME)]
User = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9._-]+$")]
Words = Annotated[str, StringConstraints(max_length=2000, pattern=NO_CONTROL)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^[^\x00]*$")]
Moment = Annotated[
    Line, Field(description="a time in ISO 8601 (UTC without a zone), or an age such as 10m, 2h, 3d")
]
Run = Annotated[int, Field(ge=0, le=2**31 - 1, description="the number of a DAQ run")]
Number = Annotated[int, Field(ge=0, le=2**31 - 1)]
RowId = Annotated[int, Field(ge=0, le=2**63 - 1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[Finite, Field(ge=0, le=1e9, description="simulated seconds; 0: no limit")]
Wait = Annotated[Finite, Field(gt=0, le=60, description="wall seconds to wait for the end")]
Limit = Annotated[int, Field(ge=1, le=MOST_ITEMS, description="how many at most")]
Cursor = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000, pattern=r"^[A-Za-z0-9_=-]+$"),
    Field(description="next_cursor of the page before; leave it out for the first page"),
]
Parameters = Annotated[
    dict[Name, Any],
    Field(max_length=100, description="parameters by name or section.key, over those of the configuration"),
]
Metadata = Annotated[dict[Line, Any], Field(max_length=100)]
Status = Literal["running", "completed", "failed", "terminated"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

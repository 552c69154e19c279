"""Column types that mean the same on SQLite and PostgreSQL: UTC time, JSON, UUID, address."""

import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CHAR, JSON, BigInteger, DateTime, Dialect, Integer, String
from sqlalchemy.types import TypeDecorator, TypeEngine

BigId = BigInteger().with_variant(Integer(), "sqlite")

UUID_NAMESPACE = uuid.UUID("6f0d8a3e-5b1f-4c55-9a55-8a2b6c1f7d10")

_SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|d[89a-f])", re.IGNORECASE)
_SUSPECT_NUMBER = re.compile(r"[eE]\+?[0-9]{3}")


def utc_now() -> datetime:
    """The current time, aware and in UTC."""
    return datetime.now(UTC)


def utc(value: datetime) -> datetime:
    """Convert an aware time to UTC; ValueError for a naive one, which is ambiguous."""
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone")
    return value.astimezone(UTC)


def sqlite_time(value: datetime | None) -> str | None:
    """A time as SQLite stores it: text that sorts by time."""
    return None if value is None else utc(value).isoformat(" ", "microseconds")[:26]


def _from_sqlite_time(value: str | None) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _to_server_time(value: datetime | None) -> datetime | None:
    return None if value is None else utc(value)


class UtcDateTime(TypeDecorator[datetime]):
    """timestamptz; in SQLite the text `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, as Django writes it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Refuse naive times; write UTC."""
        return sqlite_time if dialect.name == "sqlite" else _to_server_time

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], datetime | None]:
        """Read aware UTC, whatever the session's time zone is."""
        return _from_sqlite_time if dialect.name == "sqlite" else _to_server_time


def encode(value: Any) -> str:
    """Encode as JSON for both databases: NaN and infinity become null, NUL and lone surrogates U+FFFD."""
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(clean(value), separators=(",", ":"), default=str)
    return encoded(text)


def encoded(text: str, *, of_others: bool = False) -> str:
    """JSON text unchanged if PostgreSQL accepts it, else as `encode` would have written it.

    In text `of_others` numbers beyond the range of float are searched too.
    """
    # the cheap searches come first: parsing every message costs more than storing it

    if (
        ("\\u" in text and _SUSPECT_ESCAPE.search(text))
        or "NaN" in text
        or "Infinity" in text
        or (of_others and _SUSPECT_NUMBER.search(text))
    ):
        value = json.loads(text)
        cleaned = clean(value)
        if cleaned != value:
            return json.dumps(cleaned, separators=(",", ":"))
    return text


def clean(value: Any) -> Any:
    """Replace what PostgreSQL accepts neither in text nor in jsonb, at any depth of a JSON value."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float) and not -1.8e308 < value < 1.8e308:
        return None
    if isinstance(value, dict):
        return {clean(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


class Json(TypeDecorator[Any]):
    """jsonb; JSON text in SQLite. None is SQL NULL."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The server's type jsonb, imported for PostgreSQL only."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import JSONB

            return dialect.type_descriptor(JSONB())
        return dialect.type_descriptor(JSON())

    def bind_processor(self, _dialect: Dialect) -> Callable[[Any], str | None]:
        """Encode once, for either database."""
        return lambda value: None if value is None else encode(value)

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], Any] | None:
        """Decode SQLite's text, which column affinity may have made a number; psycopg2 decodes by itself."""
        if dialect.name == "postgresql":
            return None
        return lambda value: json.loads(value) if isinstance(value, str) else value


def uuid_from(*names: str) -> str:
    """The UUID of these names: always the same, so that repeated work makes the same row."""
    return str(uuid.uuid5(UUID_NAMESPACE, "\n".join(names)))


def uuid_digits(value: str | None) -> str | None:
    """A UUID as its 32 digits; ValueError for other text."""
    if value is None:
        return None
    text = value.replace("-", "").lower()
    if len(text) != 32:
        raise ValueError(f"{value!r} is not a UUID")
    return text


def _to_uuid(value: object) -> str | None:
    if value is None:
        return None
    text = str(value)
    if len(text) == 32:
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    return text


class UuidText(TypeDecorator[str]):
    """uuid; in SQLite 32 hexadecimal characters, as Django writes it. Text with dashes in Python."""

    impl = CHAR(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The server's type uuid, imported for PostgreSQL only."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import UUID

            return dialect.type_descriptor(UUID(as_uuid=False))
        return dialect.type_descriptor(CHAR(32))

    def bind_processor(self, _dialect: Dialect) -> Callable[[str | None], str | None]:
        """Write a UUID in any spelling as its 32 digits; ValueError for other text."""
        return uuid_digits

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], str | None]:
        """Read a UUID with dashes."""
        return _to_uuid


class Address(TypeDecorator[str]):
    """inet; text in SQLite."""

    impl = String(39)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The server's type inet, imported for PostgreSQL only."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import INET

            return dialect.type_descriptor(INET())
        return dialect.type_descriptor(String(39))

"""Aware datetimes as the two databases keep them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Dialect, Integer, TypeDecorator
from sqlalchemy.types import TypeEngine
from typing_extensions import override

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC also where the database knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def counted(microseconds: int) -> datetime:
    """The moment so many microseconds after 1970."""
    return EPOCH + microseconds * MICROSECOND


class CountedInstant(TypeDecorator[datetime]):
    """An aware datetime that a million rows and their index repeat: a number where SQLite keeps it.

    It counts microseconds since 1970, which takes 8 bytes instead of 26.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            Integer() if dialect.name == "sqlite" else self.impl_instance
        )

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | int | None:
        if value is None or dialect.name != "sqlite":
            return value
        return (value - EPOCH) // MICROSECOND

    @override
    def process_result_value(
        self, value: datetime | int | None, dialect: Dialect
    ) -> datetime | None:
        if isinstance(value, int):
            return counted(value)
        return None if value is None else value.astimezone(UTC)

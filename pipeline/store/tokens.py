"""Statements about tokens of the API: only a digest of each is kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, select

from pipeline.model import ApiScope, ApiToken
from pipeline.store.dialects import insert
from pipeline.store.tables import api_token


def add(tx: Connection, one: ApiToken, digest: str) -> bool:
    """Keep a token; False if there is one of this name."""
    row = {
        "name": one.name,
        "digest": digest,
        "scope": one.scope.value,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
    }
    fresh = insert(tx, api_token).values(row).on_conflict_do_nothing()
    return tx.execute(fresh, execution_options={"preserve_rowcount": True}).rowcount == 1


def by_digest(tx: Connection, digest: str) -> ApiToken | None:
    """The token of this digest."""
    row = tx.execute(select(api_token).where(api_token.c.digest == digest)).one_or_none()
    return _token(row) if row else None


def every(tx: Connection) -> tuple[ApiToken, ...]:
    """All tokens, by name."""
    return tuple(map(_token, tx.execute(select(api_token).order_by(api_token.c.name))))


def remove(tx: Connection, name: str) -> bool:
    """Forget a token; False if there is none of this name."""
    return tx.execute(delete(api_token).where(api_token.c.name == name)).rowcount == 1


def _token(row: Row[Any]) -> ApiToken:
    return ApiToken(row.name, ApiScope(row.scope), row.created_at, row.expires_at)

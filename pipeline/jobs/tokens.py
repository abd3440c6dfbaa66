"""Tokens of the API: shown once when they are made, known afterwards by their digest."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from pipeline import store
from pipeline.errors import UsageError
from pipeline.jobs.desk import Desk
from pipeline.model import ApiScope, ApiToken

PREFIX = "partwork_"
"""By which programs that look for leaked secrets know one."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
MOST_DAYS = 3650


def new_token(desk: Desk, name: str, scope: ApiScope, days: int, now: datetime) -> str:
    """A new token, which nobody can see a second time.

    Args:
        desk: The site.
        name: How the operator knows it.
        scope: What it is good for.
        days: How long it is good; 0: until it is revoked.
        now: The moment.

    Raises:
        UsageError: The name is taken, or none; or the days are too many.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is not a name", "take up to 40 letters, digits, '.', '_', '-'")
    if not 0 <= days <= MOST_DAYS:
        raise UsageError(f"{days} days are out of range", f"give 0 to {MOST_DAYS}")
    said = PREFIX + secrets.token_urlsafe(32)
    one = ApiToken(name, scope, now, now + timedelta(days=days) if days else None)
    with desk.store.write() as tx:
        if not store.tokens.add(tx, one, _digest(said)):
            raise UsageError(f"there is a token {name!r}", "revoke it, or take another name")
    return said


def token_of(desk: Desk, said: str, now: datetime) -> ApiToken | None:
    """What is known of a token; None if it is none of ours, or not good any more."""
    with desk.store.read() as tx:
        found = store.tokens.by_digest(tx, _digest(said))
    return found if found is not None and found.is_good(now) else None


def tokens(desk: Desk) -> tuple[ApiToken, ...]:
    """All tokens, by name."""
    with desk.store.read() as tx:
        return store.tokens.every(tx)


def revoke(desk: Desk, name: str) -> None:
    """End a token at once.

    Raises:
        UsageError: There is none of this name.
    """
    with desk.store.write() as tx:
        if not store.tokens.remove(tx, name):
            known = ", ".join(one.name for one in store.tokens.every(tx)) or "none"
            raise UsageError(f"there is no token {name!r}", f"known: {known}")


def _digest(said: str) -> str:
    """A token is random enough that a plain digest cannot be turned back."""
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()

"""Who may use the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ApiScope(StrEnum):
    """What a token is good for."""

    READ = "read"
    WRITE = "write"
    """That too."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is kept of a token: everything but the token."""

    name: str
    scope: ApiScope
    created_at: datetime
    expires_at: datetime | None = None
    """It is good until then; None: until it is revoked."""

    def is_good(self, now: datetime) -> bool:
        """Whether it is good at this moment."""
        return self.expires_at is None or now < self.expires_at

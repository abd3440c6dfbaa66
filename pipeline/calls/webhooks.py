"""Tells an operator's program of an event, signed (Standard Webhooks 1.0.0).

One request for one event; what becomes of a failure is decided in `pipeline.jobs.call_webhooks`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.request import Request

from pipeline import signature
from pipeline.calls.http import TIMEOUT, Answer, ask, is_loopback


@dataclass(frozen=True, slots=True)
class Hook:
    """A program that wants to know what happens."""

    name: str
    url: str
    key: bytes = field(repr=False)
    events: frozenset[str] = frozenset()
    """The types that it wants; none: all."""
    timeout: float = TIMEOUT
    """Seconds to wait for it at each step."""

    @property
    def is_loopback(self) -> bool:
        """Whether it is this very machine."""
        return is_loopback(self.url)

    def call(self, name: str, at: int, body: bytes) -> Answer:
        """What it answers.

        Args:
            name: Of the message; the same each time it is sent.
            at: When it is sent, in seconds since 1970.
            body: JSON.

        Raises:
            CallError: It does not answer.
        """
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Partwork",
            "webhook-id": name,
            "webhook-timestamp": str(at),
            "webhook-signature": signature.webhook(self.key, name, at, body),
        }
        request = Request(self.url, body, headers)  # noqa: S310 -- checked with the settings
        return ask(request, self.timeout)

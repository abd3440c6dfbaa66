"""One request to another server: with a deadline, without redirects, its failures in one form."""

from __future__ import annotations

import ipaddress
from http.client import HTTPException
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from typing_extensions import override

from pipeline.errors import CallError

TIMEOUT = 10.0
"""Seconds to wait for another server at each step."""

MOST = 65_536
"""Octets of an answer that are read."""


class _NoRedirects(HTTPRedirectHandler):
    """A POST that is sent elsewhere would become a GET: the operator is to name the right URL."""

    @override
    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = build_opener(_NoRedirects)


class Answer(NamedTuple):
    """What another server answered."""

    status: int
    reason: str
    body: bytes


def ask(request: Request, timeout: float) -> Answer:
    """The answer, whatever its status.

    Args:
        request: Of an http or https URL.
        timeout: Seconds to wait at each step.

    Raises:
        CallError: There is none.
    """
    try:
        with _OPENER.open(request, timeout=timeout) as got:
            return Answer(got.status, got.reason, got.read(MOST))
    except HTTPError as error:
        with error:
            return Answer(error.code, str(error.reason), b"")
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        what, todo = f"it cannot be reached ({reason})", "it is tried again"
        raise CallError(request.full_url, what, todo) from error


def fetch(url: str) -> bytes:
    """A document of at most 64 KB.

    Args:
        url: Of https.

    Raises:
        CallError: It cannot be had.
    """
    found = ask(Request(url, headers={"User-Agent": "Partwork"}), TIMEOUT)  # noqa: S310 -- https
    if found.status != 200:  # noqa: PLR2004 -- OK
        raise CallError(url, f"it answered {found.status} {found.reason}", "it is asked again")
    return found.body


def is_loopback(url: str) -> bool:
    """Whether the server of a URL is this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

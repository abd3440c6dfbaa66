"""Tells a WebSub hub that a feed has changed (W3C WebSub, 2018, section 7; PubSubHubbub 0.4).

One request for one feed; what becomes of a failure is decided in `pipeline.jobs.ping_hub`.
"""

from __future__ import annotations

import ipaddress
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from typing_extensions import override

from pipeline.errors import HubError

TIMEOUT = 10.0
"""Seconds to wait for the hub at each step."""


class _NoRedirects(HTTPRedirectHandler):
    """A ping that is sent elsewhere would become a GET: the operator is to name the right URL."""

    @override
    def redirect_request(self, *_: object) -> None:
        return None


class Hub:
    """A hub that readers subscribe at."""

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        """Nothing is sent yet.

        Args:
            url: Of the hub; http or https.
            timeout: Seconds to wait for it at each step.
        """
        self._url = url
        self._timeout = timeout
        self._opener: OpenerDirector = build_opener(_NoRedirects)

    @property
    def is_loopback(self) -> bool:
        """Whether it is this very machine."""
        host = urlsplit(self._url).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def ping(self, topic: str) -> None:
        """Say that the feed at this URL has changed.

        Args:
            topic: The URL, as the feed's rel=self has it.

        Raises:
            HubError: The hub cannot be reached or does not accept it.
        """
        said = urlencode({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic})
        request = Request(  # noqa: S310 -- http and https only: checked with the settings
            self._url,
            said.encode("ascii"),
            {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Partwork"},
        )
        try:
            with self._opener.open(request, timeout=self._timeout):
                pass
        except HTTPError as error:
            with error:
                raise HubError(self._url, f"it answered {error.code} {error.reason}") from error
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise HubError(self._url, f"it cannot be reached ({reason})") from error

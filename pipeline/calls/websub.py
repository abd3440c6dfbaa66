"""Tells a WebSub hub that a feed has changed (W3C WebSub, 2018, section 7; PubSubHubbub 0.4).

One request for one feed; what becomes of a failure is decided in `pipeline.jobs.ping_hub`.
"""

from __future__ import annotations

from urllib.parse import urlencode
from urllib.request import Request

from pipeline.calls.http import TIMEOUT, ask, is_loopback
from pipeline.errors import CallError, HubError


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

    @property
    def is_loopback(self) -> bool:
        """Whether it is this very machine."""
        return is_loopback(self._url)

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
            found = ask(request, self._timeout)
        except CallError as error:
            raise HubError(self._url, error.what) from error
        if not 200 <= found.status < 300:  # noqa: PLR2004 -- the class of success
            raise HubError(self._url, f"it answered {found.status} {found.reason}")

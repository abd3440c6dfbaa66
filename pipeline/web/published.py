"""The folder of feeds and pages over HTTP: feeds as readers need them, the rest as files."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

from pipeline import jobs
from pipeline.app import App
from pipeline.content import MEDIA
from pipeline.model import FeedFormat, Site
from pipeline.web.burst import Bursts
from pipeline.web.documents import Document, answer

FORMATS = {one.file: one for one in FeedFormat}
LIST, LIST_TYPE = "feeds.opml", "text/x-opml; charset=utf-8"

SHORTEST, LONGEST = 60, 3600
"""Seconds that caches may keep a feed: to the next release, within these; `ttl` says as much."""

FOR_EVER = "public, max-age=31536000, immutable"
"""Of an archive that is not the newest."""

LOOK_AGAIN = 15.0
"""Seconds after which the ledger is asked again what is to come."""

NOT_FOUND, GONE, TOO_MANY, NOT_ALLOWED = 404, 410, 429, 405
WELL_KNOWN = ".well-known"
"""The one name with a dot that others are meant to see (RFC 8615)."""


class Calendar:
    """What is to come, asked of the ledger now and then and not for every request."""

    def __init__(self, app: App) -> None:
        """Nothing is asked yet."""
        self._app = app
        self._known: jobs.Coming | None = None
        self._asked_at = 0.0

    def now(self) -> datetime:
        """The present moment, as the site has it."""
        return self._app.desk.clock()

    def coming(self) -> jobs.Coming:
        """What is to come, at most a few seconds old."""
        at = time.monotonic()
        if self._known is None or at - self._asked_at > LOOK_AGAIN:
            self._known, self._asked_at = jobs.coming(self._app.desk, self.now()), at
        return self._known

    def max_age(self, slug: str) -> int:
        """Seconds until something may be new in a guide's feed, or in any if there is no slug."""
        next_at = self.coming().soonest(slug)
        if next_at is None:
            return LONGEST
        left = (next_at - self.now()).total_seconds()
        return max(SHORTEST, min(LONGEST, int(left)))


class Published(StaticFiles):
    """Feeds with validators and codings; pages and styles as Starlette serves files."""

    def __init__(self, app: App, calendar: Calendar) -> None:
        """The published folder of a site.

        Args:
            app: The site.
            calendar: What is to come.
        """
        super().__init__(directory=app.desk.feeds, html=True)
        self._site = app.desk.site
        self._calendar = calendar
        self._bursts = Bursts(app.settings.web.burst)

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        place = "" if path == "." else path.replace(os.sep, "/")
        if _is_hidden(place):
            raise HTTPException(NOT_FOUND)
        if place.partition("/")[0] in self._calendar.coming().withdrawn:
            raise HTTPException(GONE)
        name = place.rpartition("/")[2]
        if name not in FORMATS and name != LIST:
            response = await super().get_response(path, scope)
            if place.startswith(f"{MEDIA}/"):  # their paths follow from their bytes
                response.headers["Cache-Control"] = FOR_EVER
            return response
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(NOT_ALLOWED, headers={"Allow": "GET, HEAD"})
        reader = scope["client"][0] if scope.get("client") else ""
        return self.feed(path, place, reader, Headers(scope=scope))

    def feed(self, path: str, place: str, reader: str, headers: Headers) -> Response:
        """The answer to a request for a feed, or for the list of feeds.

        Args:
            path: As Starlette looks files up.
            place: The path below the base URL.
            reader: The address that asks.
            headers: Of the request.
        """
        full_path, stat = self.lookup_path(path)
        if stat is None:
            raise HTTPException(NOT_FOUND)
        wait = self._bursts.wait(reader, place)
        if wait:
            raise HTTPException(TOO_MANY, headers={"Retry-After": str(wait)})
        document = _load(full_path, stat.st_mtime_ns, stat.st_size, place, self._site)
        return answer(document, headers, self._cache_control(place))

    def _cache_control(self, place: str) -> str:
        slug = place.partition("/")[0] if "/" in place else ""
        folder, _, number = place.rpartition("/")[0].rpartition("/")
        if folder.rpartition("/")[2] == "archive" and number.isdecimal():
            newer = f"{folder}/{int(number) + 1}/{place.rpartition('/')[2]}"
            if self.lookup_path(newer)[1] is not None:
                return FOR_EVER
        return f"public, max-age={self._calendar.max_age('' if slug == 'tag' else slug)}"


def _is_hidden(place: str) -> bool:
    """Whether a path leads into what is hidden: a repository, drafts of files, somebody's notes."""
    return any(name.startswith(".") and name != WELL_KNOWN for name in place.split("/"))


@lru_cache(maxsize=128)
def _load(full_path: str, changed_ns: int, _size: int, place: str, site: Site) -> Document:
    """A file as it is, read once as long as it stays so."""
    with open(full_path, "rb") as file:  # noqa: PTH123 -- a path that Starlette looked up
        body = file.read()
    kind = FORMATS.get(place.rpartition("/")[2])
    return Document(
        body=body,
        media_type=f"{kind.media_type}; charset=utf-8" if kind else LIST_TYPE,
        modified_at=datetime.fromtimestamp(changed_ns // 10**9, UTC),
        format=kind,
        links=links_of(site, place) if kind else (),
    )


def links_of(site: Site, place: str) -> tuple[tuple[str, str], ...]:
    """What the `Link` header of a feed says: itself, and the hub."""
    hub = (("hub", site.hub),) if site.hub else ()
    return (("self", site.url(place)), *hub)

"""`/drip/<guide>/<day>/<pace>/`: a guide from part 1, for whoever begins that day.

An address has the same bytes for everyone, so that caches can serve it; what is unknown, too early
or too late is not there.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Lock

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from pipeline import feed, jobs, page
from pipeline.app import App
from pipeline.errors import UsageError
from pipeline.model import Feed, FeedFormat
from pipeline.web.documents import Document, answer
from pipeline.web.published import FORMATS, GONE, LOOK_AGAIN, Calendar, links_of

_FILE = re.compile(rf"(?:archive/[1-9][0-9]{{0,4}}/)?(?:{'|'.join(map(re.escape, FORMATS))})")
"""What lies in the folder of a drip."""

DAY = 86_400
FINISHED = 30 * DAY
"""Seconds that caches may keep a drip that is complete."""

MOST_GUIDES, MOST_DOCUMENTS = 16, 256
"""How much is remembered; what was not asked for the longest is forgotten."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A document, and until when it stays as it is unless the guide is edited."""

    document: Document
    drip: jobs.DripFeed
    version: str


class Drips:
    """Drips of a site; what was made is kept until the next part or an edit of the guide."""

    def __init__(self, app: App) -> None:
        """Nothing is made yet.

        Args:
            app: The site.
        """
        self._desk = app.desk
        self._guides: OrderedDict[str, tuple[float, jobs.Followable]] = OrderedDict()
        self._made: OrderedDict[str, _Made] = OrderedDict()
        self._lock = Lock()
        """Requests come in threads, and looking at what is remembered moves it."""

    def guide(self, slug: str, now: datetime) -> jobs.Followable:
        """A guide that may be followed.

        Raises:
            HTTPException: There is none.
        """
        with self._lock:
            return self._guide(slug, now)

    def _guide(self, slug: str, now: datetime) -> jobs.Followable:
        at = time.monotonic()
        known = self._guides.get(slug)
        if known is not None and at - known[0] <= LOOK_AGAIN:
            return known[1]
        version = jobs.version_of(self._desk, slug)
        found = known[1] if known is not None and known[1].version == version else None
        if found is None and version:
            found = jobs.followable(self._desk, slug, now, version)
        if found is None:
            self._guides.pop(slug, None)
            raise HTTPException(404)
        self._guides[slug] = (at, found)
        self._guides.move_to_end(slug)
        if len(self._guides) > MOST_GUIDES:
            self._guides.popitem(last=False)
        return found

    def drip(self, guide: jobs.Followable, start: str, rhythm: str, now: datetime) -> jobs.DripFeed:
        """A drip that somebody may have begun.

        Raises:
            HTTPException: Nobody can have begun on that day, or at that pace.
        """
        try:
            day = date.fromisoformat(start)
            if str(day) != start:  # such as 20261123: one drip, one address
                raise HTTPException(404)
            return jobs.drip_feed(self._desk, guide, day, rhythm, now)
        except (ValueError, UsageError) as error:
            raise HTTPException(404) from error

    def document(self, slug: str, start: str, rhythm: str, file: str, now: datetime) -> _Made:
        """A feed of a drip, or an archive behind it.

        Args:
            slug: Of the guide.
            start: The reader's first day.
            rhythm: The name of the pace.
            file: Below the drip's folder: `rss.xml`, `archive/1/rss.xml`.
            now: The moment.

        Raises:
            HTTPException: There is none.
        """
        with self._lock:
            return self._remembered(slug, start, rhythm, file, now)

    def _remembered(self, slug: str, start: str, rhythm: str, file: str, now: datetime) -> _Made:
        guide = self._guide(slug, now)
        path = f"drip/{slug}/{start}/{rhythm}/{file}"
        made = self._made.get(path)
        if made is not None and made.version == guide.version:
            next_at = made.drip.next_at
            if made.drip.begins_at <= now and (next_at is None or now < next_at):
                self._made.move_to_end(path)
                return made
        drip = self.drip(guide, start, rhythm, now)
        made = _Made(self._document(drip, file), drip, guide.version)
        self._made[path] = made
        if len(self._made) > MOST_DOCUMENTS:
            self._made.popitem(last=False)
        return made

    def _document(self, drip: jobs.DripFeed, file: str) -> Document:
        folder, _, name = file.rpartition("/")
        channel, issues, site = drip.channel, drip.issues, self._desk.site
        if folder:
            number = int(folder.rpartition("/")[2])
            if not 1 <= number <= len(channel.archives):
                raise HTTPException(404)
            found = feed.archive_feed(channel, number, issues, site)
        else:
            found = feed.current_feed(channel, issues, site)
        kind = FORMATS[name]
        return Document(
            body=feed.render(found, kind),
            media_type=f"{kind.media_type}; charset=utf-8",
            modified_at=self._modified_at(drip, found),
            format=kind,
            links=links_of(site, channel.path + file),
        )

    def _modified_at(self, drip: jobs.DripFeed, found: Feed) -> datetime:
        """When it said something else last: its newest entry, or an edit that dates nothing."""
        slug = drip.channel.path.split("/")[1]
        try:
            written = (self._desk.feeds / slug / FeedFormat.ATOM.file).stat().st_mtime
        except OSError:
            return found.updated_at
        at = datetime.fromtimestamp(int(written), UTC)
        return max(found.updated_at, at) if at <= self._desk.clock() else found.updated_at


def max_age(drip: jobs.DripFeed, now: datetime) -> int:
    """Seconds until something may be new: the next part, at most a day; long when complete."""
    if drip.channel.is_complete:
        return FINISHED
    next_at = drip.next_at
    if next_at is None:
        return DAY // 24
    return max(0, min(DAY, int((next_at - now).total_seconds())))


def router(app: App, calendar: Calendar) -> APIRouter:
    """The routes."""
    routes, drips = APIRouter(prefix="/drip"), Drips(app)

    def look(slug: str) -> tuple[jobs.Followable, datetime]:
        if slug in calendar.coming().withdrawn:
            raise HTTPException(GONE)
        now = calendar.now()
        return drips.guide(slug, now), now

    @routes.get("/{slug}/", response_class=HTMLResponse)
    @routes.head("/{slug}/", response_class=HTMLResponse)
    def choose(slug: str, start: str = "", cadence: str = "") -> Response:
        guide, now = look(slug)
        if start and cadence:
            drips.drip(guide, start, cadence, now)
            return RedirectResponse(f"{start}/{cadence}/", 303)
        return HTMLResponse(_page(app, guide, None, now))

    @routes.get("/{slug}/{start}/{rhythm}/", response_class=HTMLResponse)
    @routes.head("/{slug}/{start}/{rhythm}/", response_class=HTMLResponse)
    def show(slug: str, start: str, rhythm: str) -> str:
        guide, now = look(slug)
        drip = drips.drip(guide, start, rhythm, now)
        choice = page.Choice(date.fromisoformat(start), rhythm, drip.next_at)
        return _page(app, guide, choice, now)

    @routes.get("/{slug}/{start}/{rhythm}/{file:path}")
    @routes.head("/{slug}/{start}/{rhythm}/{file:path}")
    def serve(request: Request, slug: str, start: str, rhythm: str, file: str) -> Response:
        if not _FILE.fullmatch(file):
            raise HTTPException(404)
        _, now = look(slug)
        made = drips.document(slug, start, rhythm, file, now)
        cache = f"public, max-age={max_age(made.drip, now)}"
        return answer(made.document, request.headers, cache)

    return routes


def _page(app: App, guide: jobs.Followable, choice: page.Choice | None, now: datetime) -> str:
    desk = app.desk
    days = page.DripDays(guide.first_day, guide.today(now), guide.zone)
    return page.drip_page(guide.front, days, choice, desk.site, desk.templates)

"""`/u/me/<token>`: what somebody follows, how they change it, take it along, and erase it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from pipeline import jobs, page, schedule, token
from pipeline.app import App
from pipeline.errors import UsageError
from pipeline.model import Mode
from pipeline.web.forms import READ, Form, Said, first
from pipeline.web.joining import cadence_of

UNFIT, MISSING, GONE = 422, 404, 410
RHYTHMS = {"daily": "1d", "every 2 days": "2d", "every 3 days": "3d", "every 14 days": "14d",
           "weekdays": "weekdays"}  # fmt: skip
"""The name of a pace in the address of a drip by feed; all others are read week by week."""


class _Mine:
    def __init__(self, app: App, wake: Callable[[], None]) -> None:
        self._desk = app.desk
        self._wake = wake

    def show(self, said: str, done: str = "") -> Response:
        """What somebody follows."""
        return self._page(said, done)

    def change(self, said: str, form: Form) -> Response:
        """Do what a button of the page says."""
        changes = jobs.Changes(self._desk, self._who(said), self._desk.clock())
        try:
            done = _change(changes, form, self._desk.clock())
        except UsageError as error:
            return self._page(said, problem=str(error))
        self._wake()
        return RedirectResponse(f"{said}?done={done}", 303)

    def data(self, said: str) -> Response:
        """Everything that is kept about them."""
        found = jobs.own_data(self._desk, self._who(said))
        if found is None:
            raise HTTPException(GONE)
        named = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        text = json.dumps(found, default=_plain, ensure_ascii=False, indent=2)
        return Response(text, media_type="application/json", headers=named)

    def explain(self, said: str) -> Response:
        """What erasing means."""
        desk = self._desk
        if jobs.preferences(desk, self._who(said), desk.clock()) is None:
            raise HTTPException(GONE)
        return HTMLResponse(page.erase_page(said, desk.site, desk.templates, is_done=False))

    def erase(self, said: str) -> Response:
        """Forget them; a second time there is nobody, as wished."""
        desk = self._desk
        jobs.erase(desk, self._who(said), desk.clock())
        return HTMLResponse(page.erase_page(said, desk.site, desk.templates, is_done=True))

    def _who(self, said: str) -> int:
        found = token.read_preferences(said, keys=self._desk.keys)
        if found is None:
            raise HTTPException(MISSING)
        return found

    def _page(self, said: str, done: str = "", problem: str = "") -> HTMLResponse:
        desk = self._desk
        now = desk.clock()
        found = jobs.preferences(desk, self._who(said), now)
        if found is None:
            raise HTTPException(GONE)
        one = page.Preferences(
            found.subscriber,
            tuple(_shown(each, now) for each in found.follows),
            found.every,
            found.others,
            schedule.zones(),
            done,
            problem,
        )
        html = page.preferences_page(one, said, desk.site, desk.templates)
        return HTMLResponse(html, UNFIT if problem else 200)


def router(app: App, wake: Callable[[], None]) -> APIRouter:
    """The routes.

    Args:
        app: The site.
        wake: Called when something may be due sooner than it was.
    """
    routes, pages = APIRouter(), _Mine(app, wake)
    routes.add_api_route("/u/me/{said}", pages.show, methods=READ)
    routes.add_api_route("/u/me/{said}", pages.change, methods=["POST"])
    routes.add_api_route("/u/me/{said}/data.json", pages.data, methods=READ)
    routes.add_api_route("/u/me/{said}/erase", pages.explain, methods=READ)
    routes.add_api_route("/u/me/{said}/erase", pages.erase, methods=["POST"])
    return routes


def _change(changes: jobs.Changes, form: Said, now: datetime) -> str:
    """Do what a form says, and say what was done.

    Raises:
        UsageError: It cannot be done.
    """
    guide = first(form, "guide")
    profile = {key: first(form, key) for key in ("name", "lang", "zone", "hour")}
    doings: dict[str, tuple[str, Callable[[], object]]] = {
        "profile": ("saved", lambda: changes.profile(**profile)),
        "pace": ("saved", lambda: changes.cadence(guide, cadence_of(form))),
        "pause": ("paused", lambda: changes.pause(guide, _until(form, now))),
        "resume": ("resumed", lambda: changes.resume(guide)),
        "hurry": ("hurried", lambda: changes.hurry(guide)),
        "restart": ("restarted", lambda: changes.restart(guide)),
        "live": ("live", lambda: changes.go_live(guide)),
        "join": ("joined", lambda: changes.follow(form.get("guide", ()))),
        "leave": ("left", lambda: changes.leave(guide)),
    }
    wanted = doings.get(first(form, "do"))
    if wanted is None:
        raise UsageError("nothing was chosen", "press one of the buttons")
    done, do = wanted
    do()
    return done


def _until(form: Said, now: datetime) -> datetime:
    """The end of a pause: a day that was named, or so many days from now."""
    named, days = first(form, "until"), first(form, "days")
    try:
        if named:
            return datetime.combine(date.fromisoformat(named), time(), UTC)
        return now + timedelta(days=int(days))
    except (ValueError, OverflowError) as error:
        raise UsageError("that is no day", "choose one from the list") from error


def _shown(one: jobs.Followed, now: datetime) -> page.Followed:
    mine = one.subscription
    return page.Followed(
        mine.guide,
        one.title,
        one.lang,
        one.total,
        one.received,
        mine.mode is Mode.DRIP,
        mine.is_finished,
        mine.cadence,
        mine.paused_until if mine.is_paused(now) else None,
        one.next_at,
        one.zone,
        _by_feed(mine.guide, mine.started_at, mine.cadence),
    )


def _by_feed(guide: str, started_at: datetime | None, cadence: str) -> str:
    """The way to the same drip in a feed reader."""
    if started_at is None:
        return f"drip/{guide}/"
    return f"drip/{guide}/{started_at:%Y-%m-%d}/{RHYTHMS.get(cadence, '7d')}/"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)

"""`/join/`: asking for a guide by mail.

GET explains, POST does. Whoever asks gets the same answer, known or not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from pipeline import jobs, page, schedule, token
from pipeline.app import App
from pipeline.errors import PartworkError, UsageError
from pipeline.web.forms import READ, Form, Said, first

FIELDS = ("email", "guide", "mode", "cadence", "hour", "zone", "lang")

TOO_SOON, TOO_LATE = timedelta(seconds=1), timedelta(days=1)
"""People take longer than that to fill a form in; after a day its page is shown afresh."""

UNFIT, MISSING = 422, 404
LATE = "This page had been open for long. Look it through and press once more."


class _Joining:
    def __init__(self, app: App, wake: Callable[[], None]) -> None:
        self._desk = app.desk
        self._wake = wake

    def choose(self, guide: str = "") -> Response:
        """The form, for a guide that is yet to be chosen."""
        return self._form("", {"guide": [guide]})

    def show(self, guide: str) -> Response:
        """The form for one guide."""
        return self._form(guide, {})

    def ask(self, said: Form) -> Response:
        """Take in what was asked for, the guide among it."""
        return self._answer("", said)

    def ask_for(self, guide: str, said: Form) -> Response:
        """Take in what was asked for of one guide."""
        return self._answer(guide, said)

    def _form(self, guide: str, said: Said, problem: PartworkError | str = "") -> HTMLResponse:
        desk = self._desk
        offers = tuple(page.Offer(*each) for each in jobs.joinable(desk))
        if guide and guide not in {one.slug for one in offers}:
            raise HTTPException(MISSING)
        shown = page.JoinForm(
            offers=offers,
            stamp=token.form(desk.clock(), keys=desk.keys),
            zones=schedule.zones(),
            guide=guide,
            said={name: first(said, name) for name in FIELDS},
            days=tuple(said.get("day", ())),
            problem=str(problem),
            about="email" if "mail address" in str(problem) else "cadence" if problem else "",
        )
        html = page.join_page(shown, desk.site, desk.templates)
        return HTMLResponse(html, UNFIT if problem else 200)

    def _answer(self, guide: str, said: Said) -> Response:
        desk, now = self._desk, self._desk.clock()
        shown_at = token.read_form(first(said, "stamp"), keys=desk.keys)
        if shown_at is None or now - shown_at > TOO_LATE:
            return self._form(guide, said, LATE)
        root = "../../" if guide else "../"
        asked = RedirectResponse(f"{root}u/asked/", 303)
        if first(said, "website") or now - shown_at < TOO_SOON:
            return asked  # a program filled it in
        try:
            jobs.ask_to_join(desk, _wish(guide, said), page.terms(desk.site), now)
        except UsageError as error:
            return self._form(guide, said, error.what)
        self._wake()
        return asked


def router(app: App, wake: Callable[[], None]) -> APIRouter:
    """The routes.

    Args:
        app: The site.
        wake: Called when there is a letter to write.
    """
    routes, pages = APIRouter(), _Joining(app, wake)
    routes.add_api_route("/join/", pages.choose, methods=READ)
    routes.add_api_route("/join/{guide}/", pages.show, methods=READ)
    routes.add_api_route("/join/", pages.ask, methods=["POST"])
    routes.add_api_route("/join/{guide}/", pages.ask_for, methods=["POST"])
    return routes


def _wish(guide: str, said: Said) -> jobs.Wish:
    mode = first(said, "mode") or "drip"
    return jobs.Wish(
        email=first(said, "email"),
        lang=first(said, "lang"),
        zone=first(said, "zone"),
        hour=first(said, "hour"),
        guides=(guide or first(said, "guide") or "?",),
        mode=mode,
        cadence=cadence_of(said) if mode == "drip" else "",
    )


def cadence_of(said: Said) -> str:
    """The cadence that a form says: a pace, or days of the week."""
    known = [short for short, _ in page.WEEKDAYS]
    days = [one for one in said.get("day", ()) if one in known]
    return f"weekly {','.join(sorted(days, key=known.index))}" if days else first(said, "cadence")

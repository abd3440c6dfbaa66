"""`/u/confirm/<token>`: saying from the mailbox that it was meant; and what is kept of it.

GET explains, POST does.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from pipeline import jobs, page, token
from pipeline.app import App
from pipeline.model import Mode
from pipeline.web.forms import READ

GONE, MISSING = 410, 404


class _Confirming:
    def __init__(self, app: App, wake: Callable[[], None]) -> None:
        self._desk = app.desk
        self._wake = wake

    def asked(self) -> Response:
        """What to do now, the same for everybody."""
        return HTMLResponse(page.asked_page(self._desk.site, self._desk.templates))

    def explain(self, said: str) -> Response:
        """What pressing the button does."""
        found = jobs.signup(self._desk, self._signup_id(said))
        if found is None:
            return self._page(None)
        title, lang = jobs.title_of(self._desk, found.guide)
        return self._page(page.Confirmation(title, lang, found.mode is Mode.DRIP))

    def confirm(self, said: str) -> Response:
        """Let it count."""
        desk, signup_id = self._desk, self._signup_id(said)
        found = jobs.signup(desk, signup_id)
        joined = jobs.confirm_signup(desk, signup_id, desk.clock())
        if found is None or joined is None:
            return self._page(None)
        self._wake()
        title, lang = jobs.title_of(desk, joined.guide)
        mine = f"u/me/{token.preferences(joined.subscriber.id, keys=desk.keys)}"
        return self._page(page.Confirmation(title, lang, found.mode is Mode.DRIP, mine))

    def privacy(self) -> Response:
        """What is kept, and for how long."""
        return HTMLResponse(page.privacy_page(self._desk.site, self._desk.templates))

    def _signup_id(self, said: str) -> str:
        found = token.read_confirm(said, keys=self._desk.keys)
        if found is None:
            raise HTTPException(MISSING)
        return found

    def _page(self, one: page.Confirmation | None) -> Response:
        html = page.confirm_page(one, self._desk.site, self._desk.templates)
        return HTMLResponse(html, GONE if one is None else 200)


def router(app: App, wake: Callable[[], None]) -> APIRouter:
    """The routes.

    Args:
        app: The site.
        wake: Called when there is a letter to write.
    """
    routes, pages = APIRouter(), _Confirming(app, wake)
    routes.add_api_route("/u/asked/", pages.asked, methods=READ)
    routes.add_api_route("/u/confirm/{said}", pages.explain, methods=READ)
    routes.add_api_route("/u/confirm/{said}", pages.confirm, methods=["POST"])
    routes.add_api_route("/privacy/", pages.privacy, methods=READ)
    return routes

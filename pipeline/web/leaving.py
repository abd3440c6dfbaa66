"""`/u/<token>`: leave a guide. GET explains, one POST does it (RFC 8058), nothing else does.

`/u/back/<token>` undoes it, likewise.
"""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from pipeline import jobs, page, token
from pipeline.app import App
from pipeline.web.forms import READ

MISSING = 404


class _Leaving:
    def __init__(self, app: App) -> None:
        self._desk = app.desk

    def explain(self, said: str) -> Response:
        """What leaving means."""
        subscriber_id, _, title = self._read(said)
        desk = self._desk
        mine = f"u/me/{token.preferences(subscriber_id, keys=desk.keys)}"
        html = page.unsubscribe_page(
            title, desk.site, desk.templates, preferences=mine, is_done=False
        )
        return HTMLResponse(html)

    def leave(self, said: str) -> Response:
        """Leave at once."""
        subscriber_id, slug, title = self._read(said)
        desk = self._desk
        jobs.leave(desk, subscriber_id, slug, desk.clock())
        at = jobs.left_at(desk, subscriber_id, slug)
        back = token.back(subscriber_id, slug, at, keys=desk.keys) if at else ""
        undo = f"u/back/{back}" if back else ""
        html = page.unsubscribe_page(title, desk.site, desk.templates, undo=undo, is_done=True)
        return HTMLResponse(html)

    def ask_back(self, said: str) -> Response:
        """What undoing it means."""
        _, slug, _ = self._read_back(said)
        title, _ = jobs.title_of(self._desk, slug)
        site = self._desk.site
        return HTMLResponse(page.come_back_page(title or site.title, site, self._desk.templates))

    def come_back(self, said: str) -> Response:
        """Undo it."""
        subscriber_id, slug, left_at = self._read_back(said)
        desk = self._desk
        done = jobs.come_back(desk, subscriber_id, slug, left_at, desk.clock())
        return HTMLResponse(page.returned_page(desk.site, desk.templates, is_done=done))

    def _read(self, said: str) -> tuple[int, str, str]:
        """Who leaves which guide, and its title."""
        found = token.read_leave(said, keys=self._desk.keys)
        if found is None:
            raise HTTPException(MISSING)
        title, _ = jobs.title_of(self._desk, found[1])
        return (*found, title or self._desk.site.title)

    def _read_back(self, said: str) -> tuple[int, str, datetime]:
        found = token.read_back(said, keys=self._desk.keys)
        if found is None:
            raise HTTPException(MISSING)
        return found


def router(app: App) -> APIRouter:
    """The routes."""
    routes, pages = APIRouter(), _Leaving(app)
    routes.add_api_route("/u/{said}", pages.explain, methods=READ)
    routes.add_api_route("/u/{said}", pages.leave, methods=["POST"])
    routes.add_api_route("/u/back/{said}", pages.ask_back, methods=READ)
    routes.add_api_route("/u/back/{said}", pages.come_back, methods=["POST"])
    return routes

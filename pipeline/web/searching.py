"""`/search/?q=`: looking for words in what is out."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from pipeline import jobs, page
from pipeline.app import App
from pipeline.web.forms import READ
from pipeline.web.published import Calendar

LONGEST = 200
"""Characters of a question; the rest is not looked at."""


def router(app: App, calendar: Calendar) -> APIRouter:
    """The routes."""
    routes, desk = APIRouter(), app.desk

    def search(q: str = "") -> Response:
        said = " ".join(q[:LONGEST].replace("\0", " ").split())
        hits = jobs.search(desk, said, calendar.coming().withdrawn) if said else ()
        return HTMLResponse(page.search_page(said, hits, desk.site, desk.templates))

    routes.add_api_route("/search/", search, methods=READ)
    return routes

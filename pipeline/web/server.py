"""Puts the web together: who may ask, what every answer carries, and which route does what."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

from pipeline import jobs, page
from pipeline.app import App
from pipeline.errors import PartworkError
from pipeline.web import leaving, outbox

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' https: data:; frame-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
}

BUSY = 503
"""What a reader is told when the store or a template fails: ours to mend, and soon."""

FEED_TYPES = {
    "rss.xml": "application/rss+xml; charset=utf-8",
    "atom.xml": "application/atom+xml; charset=utf-8",
    "feed.json": "application/feed+json; charset=utf-8",
}


class Published(StaticFiles):
    """The folder of feeds and pages, with the types that readers expect."""

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        kind = FEED_TYPES.get(path.rpartition("/")[2])
        if kind is not None and answer.status_code == 200:  # noqa: PLR2004 -- OK
            answer.headers["Content-Type"] = kind
            answer.headers["Access-Control-Allow-Origin"] = "*"
        return answer


def create_app(app: App) -> FastAPI:
    """The web application of an open site."""
    web = FastAPI(title=app.desk.site.title, openapi_url=None)
    web.add_middleware(TrustedHostMiddleware, allowed_hosts=_hosts(app))
    web.middleware("http")(_with_headers)
    web.add_exception_handler(HTTPException, _error_pages(app))
    web.add_exception_handler(PartworkError, _error_pages(app))

    @web.get("/", response_class=HTMLResponse)
    @web.head("/", response_class=HTMLResponse)
    def home() -> str:
        desk = app.desk
        shown = tuple(one for one in jobs.serials(desk, desk.clock()) if one.issues)
        return page.site_page(shown, desk.site, desk.templates, outbox=app.outbox is not None)

    web.include_router(leaving.router(app))
    if app.outbox is not None and is_loopback(app.settings.web.host):
        web.include_router(outbox.router(app, app.outbox))
    app.desk.feeds.mkdir(exist_ok=True)
    web.mount("/", Published(directory=app.desk.feeds, html=True))
    return web


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hosts(app: App) -> list[str]:
    """The names that we answer to: a page of somebody else cannot make a browser read ours."""
    listens = app.settings.web.host
    names = {app.desk.site.host, "localhost", "127.0.0.1", "[::1]", listens}
    return ["*"] if listens in {"0.0.0.0", "::"} else sorted(names)  # noqa: S104 -- compared only


async def _with_headers(
    request: Request, go_on: Callable[[Request], Awaitable[Response]]
) -> Response:
    answer = await go_on(request)
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


def _error_pages(app: App) -> Callable[[Request, Exception], Response]:
    def answer(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else BUSY
        html = page.error_page(status, app.desk.site, app.desk.templates)
        return HTMLResponse(html, status_code=status)

    return answer

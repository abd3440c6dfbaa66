"""Puts the web together: who may ask, what every answer carries, and which route does what."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline import jobs, page
from pipeline.app import App
from pipeline.errors import PartworkError
from pipeline.web import confirming, drips, joining, leaving, mine, outbox, previewing, searching
from pipeline.web.api import create_api
from pipeline.web.published import Calendar, Published

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; "
        "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
}

PRIVATE = ("/u/", "/join/", "/api/")
"""Below these nothing may be kept by a cache."""

_TWO_LENGTHS = {b"content-length", b"transfer-encoding"}
"""A request with both may be read in two ways, by a proxy and by us (RFC 9112 section 6.1)."""

BUSY = 503
"""What a reader is told when the store or a template fails: ours to mend, and soon."""


def _nobody() -> None:
    """Nobody waits to be woken: a pass comes by itself."""


def create_app(app: App, wake: Callable[[], None] = _nobody) -> ASGIApp:
    """The web application of an open site.

    Args:
        app: The site.
        wake: Called when somebody did what a letter or a part follows from.
    """
    web = FastAPI(title=app.desk.site.title, openapi_url=None)
    web.add_middleware(TrustedHostMiddleware, allowed_hosts=_hosts(app))
    web.add_exception_handler(HTTPException, _error_pages(app))
    web.add_exception_handler(PartworkError, _error_pages(app))
    web.include_router(mine.router(app, wake))
    web.include_router(joining.router(app, wake))
    web.include_router(confirming.router(app, wake))
    web.include_router(leaving.router(app))
    if app.outbox is not None and is_loopback(app.settings.web.host):
        web.include_router(_home(app))
        web.include_router(outbox.router(app, app.outbox))
    if is_loopback(app.settings.web.host):
        web.include_router(previewing.router(app))
    calendar = Calendar(app)
    web.include_router(drips.router(app, calendar))
    web.include_router(searching.router(app, calendar))
    web.mount("/api", create_api(app, wake))
    app.desk.feeds.mkdir(exist_ok=True)
    web.mount("/", Published(app, calendar))
    return _Framed(web, urlsplit(app.desk.site.base_url).path)


def _home(app: App) -> APIRouter:
    """The front page that leads to the outbox too, which no published file does."""
    routes = APIRouter()

    @routes.get("/", response_class=HTMLResponse)
    @routes.head("/", response_class=HTMLResponse)
    def home() -> str:
        return jobs.front_page(app.desk, app.desk.clock(), outbox=True)

    return routes


class _Framed:
    """Gives every answer the headers that all have, and finds the site below its path prefix.

    A proxy may hand requests on with the prefix of the base URL or without it.
    """

    def __init__(self, web: ASGIApp, prefix: str) -> None:
        self._web = web
        self._prefix = prefix.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._web(scope, receive, send)
            return
        if {name for name, _ in scope["headers"]} >= _TWO_LENGTHS:
            await Response(status_code=400, headers={"Connection": "close"})(scope, receive, send)
            return
        prefix = self._prefix
        if prefix and (scope["path"] == prefix or scope["path"].startswith(f"{prefix}/")):
            scope = {**scope, "path": scope["path"].removeprefix(prefix) or "/"}

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith(PRIVATE):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self._web(scope, receive, framed)


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


def _error_pages(app: App) -> Callable[[Request, Exception], Response]:
    def answer(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else BUSY
        html = page.error_page(status, app.desk.site, app.desk.templates)
        headers = dict(getattr(error, "headers", None) or {})
        return HTMLResponse(html, status_code=status, headers=headers)

    return answer

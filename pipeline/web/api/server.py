"""Puts the API together: its routes, its errors, and how much it reads."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as PlainHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.app import App
from pipeline.errors import PartworkError
from pipeline.web.api import incoming, ledger, people, problems
from pipeline.web.api.access import Access

MOST, MOST_INCOMING = 65_536, 2_000_000
"""Octets of a request; providers send many events at once."""

TOO_LARGE = 413


def create_api(app: App, wake: Callable[[], None]) -> ASGIApp:
    """The API of an open site.

    Args:
        app: The site.
        wake: Called when there is a letter to write.
    """
    api = FastAPI(
        title=f"{app.desk.site.title}: Partwork",
        version=version("partwork"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": app.desk.site.url("api")}],
        root_path_in_servers=False,
    )
    api.add_exception_handler(PlainHTTPException, problems.of_http)
    api.add_exception_handler(PartworkError, problems.of_ours)
    api.add_exception_handler(RequestValidationError, problems.of_validation)
    access = Access(app.desk)
    for routes in (*people.routes(app, access, wake), *ledger.routes(app, access)):
        api.include_router(routes)
    api.include_router(incoming.routes(app))
    _describe_problems(api)
    return _Bounded(api)


def _describe_problems(api: FastAPI) -> None:
    """Let the description hold the form of errors, which no route returns by itself."""
    plain = api.openapi

    def described() -> dict[str, Any]:
        said = plain()
        schemas = said.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            found = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= found.pop("$defs")
            schemas["Problem"] = found
        return said

    api.openapi = described  # type: ignore[method-assign]  # as FastAPI's own documentation does


class _Bounded:
    """Reads no more of a request than it may hold."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = MOST_INCOMING if "/incoming/" in scope.get("path", "") else MOST

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(TOO_LARGE)
            return message

        await self._inner(scope, bounded, send)

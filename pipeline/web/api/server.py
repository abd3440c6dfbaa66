"""Puts the API together: its routes, its errors, and how much it reads."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as PlainHTTPException
from starlette.types import ASGIApp

from pipeline.app import App
from pipeline.errors import PartworkError
from pipeline.web.api import incoming, ledger, people, problems
from pipeline.web.api.access import Access

MOST, MOST_INCOMING = 65_536, 2_000_000
"""Octets of a request; providers send many events at once."""


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
        max_body_size=MOST,
        servers=[{"url": app.desk.site.url("api")}],
        root_path_in_servers=False,
    )
    api.add_exception_handler(PartworkError, problems.of_ours)
    api.add_exception_handler(RequestValidationError, problems.of_validation)
    access = Access(app.desk)
    groups = (
        *people.routes(app, access, wake),
        *ledger.routes(app, access),
        incoming.routes(app, MOST_INCOMING),
    )
    for group in groups:
        api.include_router(group)
    paths = tuple(one for group in groups for one in group.routes if isinstance(one, APIRoute))
    api.add_exception_handler(PlainHTTPException, problems.of_http(paths))
    _describe_problems(api)
    return api


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

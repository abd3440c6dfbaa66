"""Errors as problem details (RFC 9457), and what OpenAPI says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from pipeline.errors import CallError, PartworkError, RefusedError, UntrustedError, UsageError

MEDIA_TYPE = "application/problem+json"

_STATUS: Sequence[tuple[type[PartworkError], int]] = (
    (RefusedError, 409),
    (UsageError, 422),
    (UntrustedError, 401),
    (CallError, 503),
)
"""What an error of ours means to a program; any other is ours to mend: 503."""


class Misfit(BaseModel):
    """One thing that does not fit."""

    where: str
    """Where it stands: `body.email`, `query.limit`."""
    what: str


class Problem(BaseModel):
    """Why a request came to nothing."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    errors: list[Misfit] = []


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of answers of these statuses."""
    ours = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    plain = {"text/plain": {"schema": {"type": "string"}}}  # the server reads no further
    return {
        one: {
            "description": HTTPStatus(one).phrase,
            "content": plain if one == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else ours,
        }
        for one in statuses
    }


def problem(
    status: int,
    detail: str = "",
    *,
    errors: Iterable[Misfit] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a request that came to nothing."""
    said = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors)
    )
    return JSONResponse(said.model_dump(), status, headers, media_type=MEDIA_TYPE)


def of_http(routes: Sequence[APIRoute]) -> Callable[[Request, Exception], Response]:
    """Answers a status that was raised on the way; of a wrong method it names the right ones."""

    def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # registered for it  # noqa: S101
        phrase = HTTPStatus(error.status_code).phrase
        detail = "" if error.detail == phrase else str(error.detail)
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            here = [one for one in routes if one.matches(request.scope)[0] is not Match.NONE]
            headers["Allow"] = ", ".join(
                sorted({name for one in here for name in one.methods or ()})
            )
        return problem(error.status_code, detail, headers=headers)

    return answer


def of_ours(_request: Request, error: Exception) -> Response:
    """An error of ours, by what it means."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 503)
    return problem(status, str(error))


def of_validation(_request: Request, error: Exception) -> Response:
    """A request that is not of the form that OpenAPI describes."""
    assert isinstance(error, RequestValidationError)  # registered for it  # noqa: S101
    errors = [
        Misfit(where=".".join(str(step) for step in one["loc"]), what=str(one["msg"]))
        for one in error.errors()
    ]
    return problem(422, "the request is not of the form described", errors=errors)

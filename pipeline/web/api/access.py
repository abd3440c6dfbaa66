"""Who may use the API: a token in the head of each request, good for reading or for all."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from pipeline import jobs
from pipeline.jobs import Desk
from pipeline.model import ApiScope
from pipeline.web.api.problems import documented

_BEARER = HTTPBearer(
    scheme_name="token",
    description="Made by `partwork token new NAME`.",
    auto_error=False,
)
_Said = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]

MISSING, FORBIDDEN = 401, 403
REFUSED = documented(400, MISSING, 422, 503)


class Access:
    """The door: each request is looked at, and its token's name remembered with it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def read(self, request: Request, said: _Said) -> None:
        """Let a token in that is good for reading."""
        self._admit(request, said)

    def write(self, request: Request, said: _Said) -> None:
        """Let a token in that is good for changing things."""
        if self._admit(request, said) is not ApiScope.WRITE:
            raise HTTPException(FORBIDDEN, "this token is good for reading only")

    def reading(self, tag: str) -> APIRouter:
        """Routes for tokens that may read."""
        return APIRouter(tags=[tag], dependencies=[Depends(self.read)], responses=REFUSED)

    def writing(self, tag: str) -> APIRouter:
        """Routes for tokens that may change things."""
        refused = {**REFUSED, **documented(FORBIDDEN, 413)}
        return APIRouter(tags=[tag], dependencies=[Depends(self.write)], responses=refused)

    def _admit(self, request: Request, said: HTTPAuthorizationCredentials | None) -> ApiScope:
        desk = self._desk
        found = jobs.token_of(desk, said.credentials, desk.clock()) if said else None
        if found is None:
            what = "no token was given" if said is None else "this token is not good, or not ours"
            raise HTTPException(MISSING, what, {"WWW-Authenticate": "Bearer"})
        request.state.token = found.name
        return found.scope

"""`/api/incoming/<provider>`: what SES, Postmark, Mailgun and SendGrid report.

A report is known to be theirs by its signature; one that is not is answered 401, so that the
provider shows its operator that something is set wrong.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from pipeline import delivery, jobs
from pipeline.app import App
from pipeline.web.api import shapes
from pipeline.web.api.problems import documented

MISSING = 404

Provider = Literal["ses", "postmark", "mailgun", "sendgrid"]


class _Incoming:
    def __init__(self, app: App) -> None:
        self._desk = app.desk

    async def take(self, provider: Provider, request: Request) -> shapes.Learnt:
        """Take in what a provider reports; one that is not set up is not listened to."""
        desk = self._desk
        if provider not in desk.providers.known:
            raise HTTPException(MISSING, f"[bounces] says nothing of {provider}")
        said = delivery.Request(await request.body(), dict(request.headers))
        found = await run_in_threadpool(jobs.take_feedback, desk, provider, said, desk.clock())
        return shapes.Learnt(learnt=sum(found.kinds.values()), ignored=found.ignored)


def routes(app: App, most: int) -> APIRouter:
    """The routes, which read so many octets of a report at most."""
    found = APIRouter(tags=["incoming"])
    found.add_api_route(
        "/incoming/{provider}",
        _Incoming(app).take,
        methods=["POST"],
        max_body_size=most,
        responses=documented(400, 401, MISSING, 413, 422, 503),
    )
    return found

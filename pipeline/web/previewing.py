"""`/preview/`: each part as the mail that it is or would be; on this machine only."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response

from pipeline import jobs, mail, page
from pipeline.app import App
from pipeline.errors import UsageError
from pipeline.web.outbox import MESSAGE_POLICY

WIDTHS = (375, 560)
"""Pixels that the mail is shown at, side by side: on a phone, and where there is room."""


KEPT = timedelta(seconds=15)
"""How long the frames of a page show what it was made from: all guides are read for one part."""


def router(app: App) -> APIRouter:
    """The routes."""
    routes, desk = APIRouter(prefix="/preview"), app.desk
    kept: dict[tuple[str, int], tuple[datetime, jobs.MailPreview]] = {}

    def rendered(guide: str, number: int) -> jobs.MailPreview:
        try:
            made = jobs.preview_mail(desk, jobs.PartKey(guide, number), desk.clock())
        except UsageError as error:
            raise HTTPException(404) from error
        kept.clear()  # the one that is looked at is enough
        kept[guide, number] = desk.clock(), made
        return made

    def just_rendered(guide: str, number: int) -> jobs.MailPreview:
        at, made = kept.get((guide, number), (None, None))
        if at is None or made is None or desk.clock() - at > KEPT:
            return rendered(guide, number)
        return made

    @routes.get("/", response_class=HTMLResponse)
    def listing() -> str:
        found = [one for one in jobs.serials(desk, desk.clock()) if one.parts]
        return page.previews_page(found, desk.site, desk.templates)

    @routes.get("/{guide}/{number}/", response_class=HTMLResponse)
    def show(guide: str, number: int) -> str:
        made = rendered(guide, number)
        seen = mail.preview(made.message.body)
        view = page.MessageView(
            name="",
            subject=dict(seen.fields)["Subject"],
            headers=seen.fields,
            text=seen.text,
            widths=WIDTHS,
            findings=tuple(map(str, made.findings)),
        )
        return page.message_page(view, desk.site, desk.templates)

    @routes.get("/{guide}/{number}/html")
    def body(guide: str, number: int) -> Response:
        html = mail.preview_html(just_rendered(guide, number).message)
        return HTMLResponse(html, headers={"Content-Security-Policy": MESSAGE_POLICY})

    return routes

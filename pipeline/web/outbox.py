"""`/outbox/`: the Maildir as a mail program would show it; on this machine only."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response

from pipeline import page
from pipeline.app import App
from pipeline.maildir import Outbox

SHOWN = 200
"""How many messages a page lists: the newest."""

MESSAGE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: data:"
"""Mail carries its styles in attributes; it gets no scripts, forms or frames."""


def router(app: App, maildir: Outbox) -> APIRouter:
    """The routes."""
    routes, desk = APIRouter(prefix="/outbox"), app.desk

    def read(name: str) -> EmailMessage:
        raw = maildir.read(name)
        if raw is None:
            raise HTTPException(404)
        message = BytesParser(policy=policy.default).parsebytes(raw)
        assert isinstance(message, EmailMessage)  # noqa: S101 -- what policy.default makes
        return message

    @routes.get("/", response_class=HTMLResponse)
    def listing() -> str:
        names = maildir.names()
        rows = tuple(_row(name, read(name)) for name in names[:SHOWN])
        return page.outbox_page(rows, len(names), desk.site, desk.templates)

    @routes.get("/{name}/", response_class=HTMLResponse)
    def show(name: str) -> str:
        return page.message_page(_view(name, read(name)), desk.site, desk.templates)

    @routes.get("/{name}/html")
    def body(name: str) -> Response:
        html = _part(read(name), "html")
        return HTMLResponse(html, headers={"Content-Security-Policy": MESSAGE_POLICY})

    return routes


def _row(name: str, message: EmailMessage) -> page.OutboxRow:
    return page.OutboxRow(name, str(message["To"]), str(message["Subject"]), str(message["Date"]))


def _view(name: str, message: EmailMessage) -> page.MessageView:
    return page.MessageView(
        name=name,
        subject=str(message["Subject"]),
        headers=tuple((key, str(value)) for key, value in message.items()),
        text=_part(message, "plain"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    return str(found.get_content()) if found is not None else ""

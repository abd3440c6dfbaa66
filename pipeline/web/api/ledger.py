"""Guides, issues, deliveries and events: what was published, and what became of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, HTTPException, Path, Query

from pipeline import jobs, model, store
from pipeline.app import App
from pipeline.store.listing import IssueLine
from pipeline.web.api import paging, shapes
from pipeline.web.api.access import Access
from pipeline.web.api.paging import Cursor, Limit
from pipeline.web.api.problems import documented

MISSING = 404

_Slug = Annotated[shapes.Slug, Path(description="Of a guide.")]
_Number = Annotated[shapes.Number, Path(description="Of the part in its guide.")]
_Guide = Annotated[shapes.Line, Query(description="Of this guide only.")]
_Subscriber = Annotated[shapes.Id | None, Query(description="Of this subscriber only.")]


class _Ledger:
    def __init__(self, app: App) -> None:
        self._desk = app.desk

    def guides(self) -> list[shapes.Guide]:
        """All guides that were ever scheduled."""
        with self._desk.store.read() as tx:
            records = store.guides.records(tx)
        return [
            shapes.Guide(
                slug=slug,
                title=one.front.title,
                lang=one.front.lang,
                parts=len(one.parts),
                is_scheduled=one.is_scheduled,
            )
            for slug, one in sorted(records.items())
        ]

    def issues(
        self, cursor: Cursor = "", limit: Limit = 100, guide: _Guide = ""
    ) -> shapes.Page[shapes.Issue]:
        """Issues, by guide and number."""
        with self._desk.store.read() as tx:
            rows = store.listing.issues(tx, paging.read(cursor), limit + 1, guide=guide)
        page, following = paging.cut(rows, limit, lambda one: (one.guide, one.number))
        return shapes.Page(items=[self._shown(one) for one in page], next=following)

    def issue(self, guide: _Slug, number: _Number) -> shapes.Account:
        """One issue, and how many of its deliveries stand in each state."""
        with self._desk.store.read() as tx:
            found = store.listing.issue_line(tx, guide, number)
            states = store.deliveries.account(tx, found.id) if found else {}
        if found is None:
            raise HTTPException(MISSING)
        counts = {model.DeliveryState(state): count for state, count in states.items()}
        return shapes.Account(**self._shown(found).model_dump(), deliveries=counts)

    def pause(
        self, guide: _Slug, number: _Number, said: Annotated[shapes.Why, Body()]
    ) -> shapes.Waiting:
        """Hold its mail back; asked for again it stays so."""
        self._known(guide, number)
        return shapes.Waiting(deliveries=jobs.pause_issue(self._desk, guide, number, said.why))

    def resume(self, guide: _Slug, number: _Number) -> shapes.Waiting:
        """Let its mail go on; asked for again it goes on."""
        self._known(guide, number)
        count = jobs.resume_issue(self._desk, guide, number, self._desk.clock())
        return shapes.Waiting(deliveries=count)

    def deliveries(
        self,
        cursor: Cursor = "",
        limit: Limit = 100,
        issue_id: Annotated[shapes.Line, Query(description="Of this issue only.")] = "",
        subscriber_id: _Subscriber = None,
        state: model.DeliveryState | None = None,
    ) -> shapes.Page[shapes.Delivery]:
        """Deliveries, by issue and subscriber."""
        with self._desk.store.read() as tx:
            rows = store.listing.deliveries(
                tx,
                paging.read(cursor),
                limit + 1,
                issue_id=issue_id,
                subscriber_id=subscriber_id,
                state=state or "",
            )
        page, following = paging.cut(rows, limit, lambda one: (one.issue_id, one.subscriber_id))
        items = [shapes.Delivery.model_validate(one) for one in page]
        return shapes.Page(items=items, next=following)

    def events(
        self,
        cursor: Cursor = "",
        limit: Limit = 100,
        subscriber_id: _Subscriber = None,
        type: Annotated[shapes.EventType | None, Query()] = None,
    ) -> shapes.Page[shapes.Event]:
        """What happened, in its order. `next` is never null once there was something.

        Whoever keeps it asks with it later for what is new.
        """
        kind = (type or "").partition(".")[2]
        with self._desk.store.read() as tx:
            rows = store.events.after(
                tx, paging.read(cursor)[1], limit, subscriber_id=subscriber_id, kind=kind
            )
        following = paging.cursor(("", rows[-1].id)) if rows else cursor or None
        return shapes.Page(items=[_event(one) for one in rows], next=following)

    def _shown(self, one: IssueLine) -> shapes.Issue:
        return shapes.Issue(
            id=one.id,
            guide=one.guide,
            number=one.number,
            subject=one.subject,
            lang=one.lang,
            url=self._desk.site.url(one.path),
            tags=list(one.tags),
            released_at=one.released_at,
            updated_at=one.updated_at,
            paused=one.paused,
        )

    def _known(self, guide: str, number: int) -> None:
        with self._desk.store.read() as tx:
            if store.issues.id_of(tx, guide, number) is None:
                raise HTTPException(MISSING)


def _event(one: model.Event) -> shapes.Event:
    return shapes.Event(
        id=one.id,
        type=model.event_type(one.kind),
        at=one.at,
        subscriber_id=one.subscriber_id,
        issue_id=one.issue_id or None,
        guide=one.guide or None,
        detail=one.detail,
    )


def routes(app: App, access: Access) -> tuple[APIRouter, APIRouter]:
    """What reads, and what changes."""
    ledger = _Ledger(app)
    read, write = access.reading("ledger"), access.writing("ledger")
    read.add_api_route("/guides", ledger.guides, methods=["GET"])
    read.add_api_route("/issues", ledger.issues, methods=["GET"])
    one, missing = "/issues/{guide}/{number}", documented(MISSING)
    read.add_api_route(one, ledger.issue, methods=["GET"], responses=missing)
    read.add_api_route("/deliveries", ledger.deliveries, methods=["GET"])
    read.add_api_route("/events", ledger.events, methods=["GET"])
    write.add_api_route(f"{one}/pause", ledger.pause, methods=["PUT"], responses=missing)
    write.add_api_route(f"{one}/pause", ledger.resume, methods=["DELETE"], responses=missing)
    return read, write

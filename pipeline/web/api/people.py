"""Subscribers and what they follow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, HTTPException, Path, Query, Request, Response

from pipeline import jobs, model, store
from pipeline.app import App
from pipeline.jobs import Result, Wish
from pipeline.store.answers import Asked
from pipeline.web.api import paging, shapes
from pipeline.web.api.access import Access
from pipeline.web.api.paging import Cursor, Limit
from pipeline.web.api.problems import documented

MISSING = 404

Answers = dict[int | str, dict[str, Any]]

_Id = Annotated[shapes.Id, Path(description="Of a subscriber.")]
_Slug = Annotated[shapes.Slug, Path(description="Of a guide; `*` for every guide.")]
_Key = Annotated[
    shapes.Key | None,
    Header(
        alias="Idempotency-Key",
        description="The same for a request that is sent again: it gets the answer of the first.",
    ),
]


class _People:
    def __init__(self, app: App, wake: Callable[[], None]) -> None:
        self._desk = app.desk
        self._wake = wake

    def list(
        self,
        cursor: Cursor = "",
        limit: Limit = 100,
        status: model.SubscriberStatus | None = None,
        email: Annotated[str, Query(max_length=254, pattern=r"^[^\x00-\x1f\x7f]*$")] = "",
    ) -> shapes.Page[shapes.Subscriber]:
        """Subscribers, in the order in which they came."""
        after = paging.read(cursor)[1]
        with self._desk.store.read() as tx:
            rows = store.listing.subscribers(tx, after, limit + 1, status=status, address=email)
        page, following = paging.cut(rows, limit, lambda one: ("", one.id))
        return shapes.Page(items=[_shown(one) for one in page], next=following)

    def add(self, request: Request, said: shapes.NewSubscriber, key: _Key = None) -> Response:
        """Add somebody, or guides to somebody who is known: they stay as they are."""

        def do() -> Result:
            person, is_new = jobs.register(self._desk, _wish(said), self._desk.clock())
            here = f"{self._desk.site.base_url}/api/subscribers/{person.id}"
            body = _shown(person).model_dump_json()
            return Result(201 if is_new else 200, body, here if is_new else "")

        return self._once(request, said.model_dump_json(), key, do)

    def sign_up(self, request: Request, said: shapes.NewSignup, key: _Key = None) -> Response:
        """Ask somebody by a letter whether they meant it; the answer tells nothing of them."""

        def do() -> Result:
            wish = Wish(
                email=said.email,
                lang=said.lang,
                zone=said.zone,
                hour="" if said.hour is None else str(said.hour),
                guides=(said.guide,),
                mode=said.mode,
                cadence=said.cadence,
            )
            jobs.ask_to_join(self._desk, wish, said.terms, self._desk.clock())
            self._wake()
            return Result(202, "{}")

        return self._once(request, said.model_dump_json(), key, do)

    def get(self, id: _Id) -> shapes.Subscriber:
        """One subscriber."""
        return _shown(self._person(id))

    def change(self, id: _Id, said: shapes.Profile) -> shapes.Subscriber:
        """Change how they are called, and when and in which language mail comes."""
        now = self._person(id)
        given = said.model_dump(exclude_unset=True)
        hour = given.get("hour", now.hour)
        jobs.Changes(self._desk, id, self._desk.clock()).profile(
            name=_or(given.get("name"), now.name),
            lang=_or(given.get("lang"), now.lang),
            zone=_or(given.get("zone"), now.zone),
            hour="" if hour is None else str(hour),
        )
        return _shown(self._person(id))

    def erase(self, id: _Id) -> None:
        """Erase them for good; a digest stays, so that no list brings them back."""
        if not jobs.erase(self._desk, id, self._desk.clock()):
            raise HTTPException(MISSING)

    def data(self, id: _Id) -> dict[str, Any]:
        """Everything that is kept about them."""
        found = jobs.own_data(self._desk, id)
        if found is None:
            raise HTTPException(MISSING)
        return dict(found)

    def follows(
        self,
        cursor: Cursor = "",
        limit: Limit = 100,
        guide: Annotated[shapes.Line, Query()] = "",
        subscriber_id: Annotated[shapes.Id | None, Query()] = None,
    ) -> shapes.Page[shapes.Subscription]:
        """Subscriptions, those that ended included, in the order in which they were made."""
        after = paging.read(cursor)[1]
        with self._desk.store.read() as tx:
            rows = store.listing.subscriptions(
                tx, after, limit + 1, guide=guide, subscriber_id=subscriber_id
            )
        page, following = paging.cut(rows, limit, lambda one: ("", one.id))
        items = [shapes.Subscription.model_validate(one) for one in page]
        return shapes.Page(items=items, next=following)

    def follow(
        self,
        id: _Id,
        guide: _Slug,
        response: Response,
        said: Annotated[shapes.Follow, Body()],
    ) -> shapes.Subscription:
        """Let them follow a guide in this way; whoever left it by themselves stays away."""
        wanted = jobs.Following(guide, said.mode, said.cadence, said.paused_until)
        found = jobs.follow(self._desk, id, wanted, self._desk.clock())
        if found is None:
            raise HTTPException(MISSING)
        one, is_new = found
        response.status_code = 201 if is_new else 200
        return shapes.Subscription.model_validate(one)

    def leave(self, id: _Id, guide: _Slug) -> None:
        """End it at once, as one click in a mail does; `*` ends all."""
        self._person(id)
        if not jobs.leave(self._desk, id, guide, self._desk.clock()):
            raise HTTPException(MISSING)

    def _person(self, subscriber_id: int) -> model.Subscriber:
        with self._desk.store.read() as tx:
            found = store.subscribers.by_id(tx, subscriber_id)
        if found is None:
            raise HTTPException(MISSING)
        return found

    def _once(
        self, request: Request, said: str, key: str | None, do: Callable[[], Result]
    ) -> Response:
        """The answer, the same for a request that comes again."""
        if key is None:
            result = do()
        else:
            what = f"{request.method} {request.url.path}\n{said}"
            digest = hashlib.sha256(what.encode()).hexdigest()
            asked = Asked(request.state.token, key, digest)
            result = jobs.once(self._desk, asked, self._desk.clock(), do)
        headers = {"Location": result.location} if result.location else None
        return Response(result.body, result.status, headers, media_type="application/json")


def _wish(said: shapes.NewSubscriber) -> Wish:
    at = said.consent_at.astimezone(UTC).isoformat() if said.consent_at else ""
    return Wish(
        email=said.email,
        name=said.name,
        lang=said.lang,
        zone=said.zone,
        hour="" if said.hour is None else str(said.hour),
        guides=tuple(said.guides),
        mode=said.mode,
        cadence=said.cadence,
        consent_at=at,
        consent_source=said.consent_source,
    )


def _or(given: str | None, known: str) -> str:
    return known if given is None else given


def _shown(one: model.Subscriber) -> shapes.Subscriber:
    return shapes.Subscriber(
        id=one.id,
        email=one.address,
        status=one.status,
        created_at=one.created_at,
        name=one.name,
        lang=one.lang,
        zone=one.zone,
        hour=one.hour,
        consent_at=one.consent_at,
        consent_source=one.consent_source,
    )


def routes(app: App, access: Access, wake: Callable[[], None]) -> tuple[APIRouter, APIRouter]:
    """What reads, and what changes."""
    people = _People(app, wake)
    read, write = access.reading("people"), access.writing("people")
    read.add_api_route("/subscribers", people.list, methods=["GET"])
    read.add_api_route(
        "/subscribers/{id}", people.get, methods=["GET"], responses=documented(MISSING)
    )
    read.add_api_route(
        "/subscribers/{id}/data", people.data, methods=["GET"], responses=documented(MISSING)
    )
    read.add_api_route("/subscriptions", people.follows, methods=["GET"])
    known: Answers = {200: {"model": shapes.Subscriber}, 201: {"model": shapes.Subscriber}}
    write.add_api_route(
        "/subscribers",
        people.add,
        methods=["POST"],
        status_code=201,
        responses={**known, **documented(409)},
        response_model=None,
    )
    write.add_api_route(
        "/signups", people.sign_up, methods=["POST"], status_code=202, response_model=None,
        responses={202: {"model": shapes.Nothing}, **documented(409)},
    )  # fmt: skip
    write.add_api_route(
        "/subscribers/{id}", people.change, methods=["PATCH"], responses=documented(MISSING)
    )
    write.add_api_route(
        "/subscribers/{id}",
        people.erase,
        methods=["DELETE"],
        status_code=204,
        responses=documented(MISSING),
    )
    both: Answers = {201: {"model": shapes.Subscription}, **documented(MISSING, 409)}
    where = "/subscribers/{id}/subscriptions/{guide}"
    write.add_api_route(where, people.follow, methods=["PUT"], responses=both)
    write.add_api_route(
        where, people.leave, methods=["DELETE"], status_code=204, responses=documented(MISSING)
    )
    return read, write

"""What goes in and out, as OpenAPI describes it. Unknown fields are refused, nothing is guessed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.model import (
    DeliveryState,
    EventKind,
    Mode,
    SubscriberStatus,
    event_type,
)

MAX_ID = 2**31 - 1
"""Of ids in the database."""

_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"


def _moment(value: Any) -> Any:
    """Moments are written, not counted."""
    if value is not None and not isinstance(value, str):
        raise ValueError("write it as 2026-03-09T09:00:00Z")
    return value


Line = Annotated[str, Field(max_length=200, pattern=_LINE)]
Slug = Annotated[str, Field(min_length=1, max_length=200, pattern=_LINE)]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Number = Annotated[int, Field(ge=1, le=100_000)]
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_moment)]
Key = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


Item = TypeVar("Item")


class Page(_Out, Generic[Item]):
    """A page of a list; `next` asks for the one after it, and is null on the last."""

    items: list[Item]
    next: str | None = None


class NewSubscriber(_In):
    """Somebody to be added. Without both fields of consent they are pending, and not mailed."""

    email: Annotated[str, Field(min_length=3, max_length=254, examples=["robin@example.org"])]
    name: Line = ""
    lang: Line = ""
    zone: Annotated[Line, Field(examples=["Europe/Berlin"])] = ""
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    guides: Annotated[list[Slug], Field(max_length=100)] = []
    """Slugs, or `*` for every guide, those to come included; none: `*`."""
    mode: Literal["live", "drip"] = "live"
    cadence: Line = ""
    consent_at: Moment | None = None
    consent_source: Line = ""


class NewSignup(_In):
    """What somebody asked for on a page of yours: a letter asks them to confirm it."""

    email: Annotated[str, Field(min_length=3, max_length=254, examples=["robin@example.org"])]
    guide: Slug = "*"
    mode: Literal["live", "drip"] = "drip"
    cadence: Line = ""
    lang: Line = ""
    zone: Line = ""
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    terms: Line = ""
    """What they agreed to there: its address or version, kept as their consent."""


class Profile(_In):
    """What is to be changed of a subscriber; what is left out stays."""

    name: Line | None = None
    lang: Line | None = None
    zone: Line | None = None
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    """Null: mail comes when a part is out."""


class Follow(_In):
    """How somebody is to follow a guide."""

    mode: Literal["live", "drip"] = "live"
    cadence: Line = ""
    paused_until: Moment | None = None
    """Null: not paused."""


class Why(_In):
    """Why the mail of an issue is held back."""

    why: Annotated[Line, Field(min_length=1)] = "asked for by a program"


class Subscriber(_Out):
    """A person's address and state."""

    id: int
    email: str
    status: SubscriberStatus
    created_at: datetime
    name: str
    lang: str
    zone: str
    hour: int | None
    consent_at: datetime | None
    consent_source: str


class Subscription(_Out):
    """A person's following of a guide."""

    id: int
    subscriber_id: int
    guide: str
    mode: Mode
    cadence: str
    started_at: datetime | None
    ended_at: datetime | None
    paused_until: datetime | None
    run: int
    is_finished: bool


class Guide(_Out):
    """A guide."""

    slug: str
    title: str
    lang: str
    parts: int
    is_scheduled: bool


class Issue(_Out):
    """A part as it was published."""

    id: str
    guide: str
    number: int
    subject: str
    lang: str
    url: str
    tags: list[str]
    released_at: datetime
    updated_at: datetime
    paused: str | None
    """Why its mail is held back; null: it is not."""


class Account(Issue):
    """An issue, and how many of its deliveries stand in each state."""

    deliveries: dict[DeliveryState, int]


class Waiting(_Out):
    """How many deliveries were held back, or go on."""

    deliveries: int


class Delivery(_Out):
    """The ledger row of a message."""

    issue_id: str
    guide: str
    number: int
    subscriber_id: int
    mode: Mode
    state: DeliveryState
    planned_at: datetime
    attempts: int
    next_at: datetime | None
    settled_at: datetime | None
    relay: str | None
    reply: str | None


class Event(_Out):
    """Something that happened; as webhooks tell it, without what it is about."""

    id: int
    type: str
    at: datetime
    subscriber_id: int | None
    issue_id: str | None
    guide: str | None
    detail: str


class Nothing(_Out):
    """That it was taken in; whatever is known of somebody, nothing shows here."""


class Learnt(_Out):
    """What a provider's report came to."""

    learnt: int
    ignored: int


_TYPES = sorted(map(event_type, EventKind))


def _event_type(said: str) -> str:
    if said not in _TYPES:
        raise ValueError(f"is none of {', '.join(_TYPES)}")
    return said


EventType = Annotated[
    str, Field(json_schema_extra={"enum": [*_TYPES]}), AfterValidator(_event_type)
]

"""The tables, in the words of the glossary."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from pipeline.model import DeliveryState, Mode, SubscriberStatus
from pipeline.store.instant import CountedInstant, Instant

EVERY_GUIDE = "*"
"""Stands in `subscription.guide` for whoever follows all guides, those to come included."""


def _one_of(column: str, values: type[DeliveryState | Mode | SubscriberStatus]) -> CheckConstraint:
    # not IN: SQLite would build the list anew for each row that is written
    said = " OR ".join(f"{column} = '{value}'" for value in values)
    return CheckConstraint(said, name=f"{column}_known")


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

guide = Table(
    "guide",
    metadata,
    Column("slug", String, primary_key=True),
    Column("outline", Text, nullable=False, comment="front matter and parts as last read well"),
    Column("ids", Text, nullable=False, comment="as in its .ids.json: permanent ids of sections"),
    Column("digest", String, nullable=False, server_default="", comment="of its source"),
    Column("is_scheduled", Boolean, nullable=False, comment="could go out at the last pass"),
    Column("started_at", Instant, nullable=False, comment="when its live run came to life"),
    Column("catch_up", String, comment="what the operator decided when a run was held"),
    Column("resumed_at", Instant, comment="when the operator decided it"),
    Column("former", Text, nullable=False, server_default="", comment="earlier slugs, one a line"),
    Column(
        "version",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="another whenever an issue is released or says something else",
    ),
)

issue = Table(
    "issue",
    metadata,
    Column("id", String, primary_key=True),
    Column(
        "key",
        Integer,
        nullable=False,
        unique=True,
        index=True,
        server_default=text("0"),
        comment="by which deliveries name it: its id in each of their rows made these long",
    ),
    Column("guide", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("slot", String, nullable=False, comment="local date-time and zone"),
    Column("released_at", Instant, nullable=False, index=True),
    Column("updated_at", Instant, comment="of its last revision"),
    Column("path", String, nullable=False, unique=True),
    Column("guide_title", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("lang", String, nullable=False),
    Column("section_ids", Text, nullable=False, comment="of all its sections, one a line"),
    Column("frozen", Text, nullable=False, comment="the whole issue as JSON"),
    Column("headings", Text, nullable=False, comment="for ranking related issues"),
    Column("words", Text, nullable=False, comment="its text, for ranking related issues"),
    Column("terms", LargeBinary, nullable=False, server_default="", comment="of its text, counted"),
    Column("tags", Text, nullable=False, server_default="", comment="one a line"),
    Column("paused", String, comment="why its mail is held back; null: it is not"),
    UniqueConstraint("guide", "slot"),
    UniqueConstraint("guide", "number"),
)

compilation = Table(
    "compilation",
    metadata,
    Column("issue_id", ForeignKey("issue.id", ondelete="CASCADE"), primary_key=True),
    Column("mode", String, primary_key=True),
    Column("state", String, nullable=False, comment="digest of all that it was compiled from"),
    Column("message", LargeBinary, nullable=False, comment="what all readers get alike"),
)

archive = Table(
    "archive",
    metadata,
    Column("channel", String, primary_key=True, comment="the folder of its feeds"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("ids", Text, nullable=False, comment="of its issues, one a line, oldest first"),
    Column("closed_at", Instant, nullable=False),
)

rendering = Table(
    "rendering",
    metadata,
    Column("folder", String, primary_key=True, comment="below the folder of feeds"),
    Column("state", String, nullable=False, comment="digest of what it was published from"),
)

ping = Table(
    "ping",
    metadata,
    Column("topic", String, primary_key=True, comment="the URL of a feed that has changed"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Instant, nullable=False, comment="when the hub is to be told"),
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("address", String, nullable=False),
    Column("address_key", String, nullable=False, unique=True, comment="domain in lower case"),
    Column("domain", String, nullable=False, server_default="", comment="of the address"),
    Column("name", String, nullable=False, server_default=""),
    Column("lang", String, nullable=False, server_default=""),
    Column("zone", String, nullable=False, server_default=""),
    Column("hour", Integer),
    Column("status", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("consent_at", Instant),
    Column("consent_source", String, nullable=False, server_default=""),
    _one_of("status", SubscriberStatus),
)

Index(
    "ix_subscriber_hour",
    subscriber.c.zone,
    subscriber.c.hour,
    sqlite_where=text("hour IS NOT NULL"),
    postgresql_where=text("hour IS NOT NULL"),
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False),
    Column("guide", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("cadence", String, nullable=False, server_default=""),
    Column("started_at", Instant, comment="drip: its first tick"),
    Column("next_at", Instant, comment="drip: when there is something to decide again"),
    Column("finished", Boolean, nullable=False, server_default=false()),
    Column("ended_at", Instant, comment="when they left this guide"),
    Column("paused_until", Instant, comment="nothing is planned before"),
    Column("floor_at", Instant, comment="drip: no slot up to this instant counts"),
    Column("run", Integer, nullable=False, server_default=text("1"), comment="restarts, counted"),
    UniqueConstraint("subscriber_id", "guide"),
    _one_of("mode", Mode),
)
Index(  # all that is asked of an audience, in the order of its deliveries: a third of planning less
    "ix_subscription_audience",
    subscription.c.guide,
    subscription.c.mode,
    subscription.c.subscriber_id,
    subscription.c.ended_at,
    subscription.c.paused_until,
)
Index(
    "ix_subscription_due",
    subscription.c.next_at,
    sqlite_where=text("mode = 'drip' AND finished = 0 AND ended_at IS NULL"),
    postgresql_where=text("mode = 'drip' AND NOT finished AND ended_at IS NULL"),
)

delivery = Table(
    "delivery",
    metadata,
    # no foreign keys: to check two for each row took more than half of planning on PostgreSQL.
    # `plans`, which alone adds rows, reads both numbers out of these tables; nothing deletes there.
    # No index of readers either, another tenth of planning: `ledger.of_reader` asks by issues
    Column("issue_key", Integer, primary_key=True, autoincrement=False),
    Column("subscriber_id", Integer, primary_key=True, autoincrement=False),
    Column("mode", String, nullable=False),
    Column("slot", String, comment="of the run that it belongs to; null: that of its issue"),
    Column("planned_at", Instant, comment="null: when its issue was released"),
    Column("state", String, nullable=False),
    Column("destination", String, nullable=False, server_default="", comment="group of domains"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_at", CountedInstant, comment="not before this instant; null: paused"),
    Column("first_tried_at", CountedInstant),
    Column("leased_at", CountedInstant),
    Column("leased_by", String),
    Column("settled_at", CountedInstant),
    Column("relay", String, comment="which relay was tried last"),
    Column("reply", String, comment="what the relay said last"),
    Column("run", Integer, nullable=False, server_default=text("1"), comment="of the subscription"),
    _one_of("state", DeliveryState),
    _one_of("mode", Mode),
    sqlite_with_rowid=False,
)
_WAITING, _LEASED = text("state IN ('pending', 'deferred')"), text("state = 'leased'")
Index(
    "ix_delivery_due",
    delivery.c.destination,
    delivery.c.next_at,
    delivery.c.issue_key,
    delivery.c.subscriber_id,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)
Index(
    "ix_delivery_leased",
    delivery.c.leased_by,
    delivery.c.leased_at,
    sqlite_where=_LEASED,
    postgresql_where=_LEASED,
)

bounce = Table(
    "bounce",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String, nullable=False, unique=True, comment="of the report"),
    Column(
        "subscriber_id",
        ForeignKey("subscriber.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("issue_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("said", String, nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
)

signup = Table(
    "signup",
    metadata,
    Column("id", String, primary_key=True, comment="cannot be guessed, and is never used again"),
    Column("at", Instant, nullable=False, index=True),
    Column("address", String, nullable=False),
    Column("limited_by", String, nullable=False, comment="digest of all spellings of the address"),
    Column("guide", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("cadence", String, nullable=False, server_default=""),
    Column("zone", String, nullable=False, server_default=""),
    Column("hour", Integer),
    Column("lang", String, nullable=False, server_default=""),
    Column("terms", String, nullable=False, comment="digest of the text that was agreed to"),
    Column("answered_at", Instant, comment="when it was decided whether a letter goes out"),
)

letter = Table(
    "letter",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), index=True),
    Column("signup_id", String, comment="that it asks to confirm"),
    Column("guide", String, nullable=False),
    Column("limited_by", String, nullable=False, server_default="", index=True),
    Column("created_at", Instant, nullable=False, index=True),
    Column("state", String, nullable=False, comment="pending, sent, failed or cancelled"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Instant, comment="not before this instant"),
    Column("settled_at", Instant),
    Column("reply", String, nullable=False, server_default=""),
)

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "subscriber_id",
        ForeignKey("subscriber.id", ondelete="CASCADE"),
        index=True,
        comment="whom it happened to, if anybody",
    ),
    Column("at", Instant, nullable=False),
    Column("kind", String, nullable=False, comment="what happened"),
    Column("guide", String, nullable=False, server_default=""),
    Column("detail", String, nullable=False, server_default=""),
    Column("issue_id", String, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

api_token = Table(
    "api_token",
    metadata,
    Column("name", String, primary_key=True, comment="how the operator knows it"),
    Column(
        "digest", String, nullable=False, unique=True, comment="of the token, which is not kept"
    ),
    Column("scope", String, nullable=False, comment="read, or write: that too"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
)

api_answer = Table(
    "api_answer",
    metadata,
    Column("token", String, primary_key=True, comment="the name of the token"),
    Column("key", String, primary_key=True, comment="Idempotency-Key"),
    Column("digest", String, nullable=False, comment="of the request"),
    Column("at", Instant, nullable=False, index=True),
    Column("status", Integer, comment="of the answer; null: it is being worked on"),
    Column("body", Text, nullable=False, server_default=""),
    Column("location", String, nullable=False, server_default=""),
)

webhook = Table(
    "webhook",
    metadata,
    Column("name", String, primary_key=True, comment="as in the settings"),
    Column("position", Integer, nullable=False, comment="of the last event that was told"),
    Column("attempts", Integer, nullable=False, server_default=text("0"), comment="in a row"),
    Column("next_at", Instant, comment="not before this instant"),
    Column("failing_since", Instant),
    Column("said", String, nullable=False, server_default="", comment="why it failed last"),
    Column("skipped", Integer, nullable=False, server_default=text("0"), comment="events given up"),
)

instance = Table(
    "instance",
    metadata,
    Column("name", String, primary_key=True, comment="of a copy of the site that may send"),
    Column("base_url", String, nullable=False),
    Column("host", String, nullable=False, server_default=""),
    Column("file", String, nullable=False, server_default="", comment="which file names it"),
    Column("mark", Integer, nullable=False, comment="how often it was about to send"),
    Column("confirmed_at", Instant, nullable=False),
)

suppression = Table(
    "suppression",
    metadata,
    Column("digest", String, primary_key=True, comment="of an address, under a key kept elsewhere"),
    Column("reason", String, nullable=False),
    Column("at", Instant, nullable=False),
)

throttle = Table(
    "throttle",
    metadata,
    Column("name", String, primary_key=True, comment="of a relay, a destination or a domain"),
    Column("share", Float, nullable=False, server_default=text("1"), comment="of its full rate"),
    Column("strikes", Integer, nullable=False, server_default=text("0"), comment="in a row"),
    Column("until", Instant, comment="left alone until then"),
    Column("why", String, nullable=False, server_default=""),
    Column("day", String, nullable=False, server_default="", comment="that `sent` counts"),
    Column("sent", Integer, nullable=False, server_default=text("0")),
)

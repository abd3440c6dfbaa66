"""Statements about one subscription after it was made: come back, paused, paced, begun again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from pipeline.model import DeliveryState, Mode
from pipeline.store.dialects import insert
from pipeline.store.ledger import LEFT, OF_ISSUE, of_reader
from pipeline.store.subscribers import Follow
from pipeline.store.tables import delivery, issue, subscription

SECOND = timedelta(seconds=1)


def _mine(subscriber_id: int, guide: str) -> ColumnElement[bool]:
    return and_(subscription.c.subscriber_id == subscriber_id, subscription.c.guide == guide)


def join(tx: Connection, subscriber_id: int, wish: Follow) -> None:
    """Subscribe somebody to a guide, also if they had left it; who follows it keeps their run."""
    tx.execute(
        insert(tx, subscription)
        .values(
            subscriber_id=subscriber_id,
            guide=wish.guide,
            mode=wish.mode.value,
            cadence=wish.cadence,
        )
        .on_conflict_do_update(
            index_elements=["subscriber_id", "guide"],
            set_={
                "mode": wish.mode.value,
                "cadence": wish.cadence,
                "ended_at": None,
                "paused_until": None,
                "next_at": None,
            },
        )
    )


def end_all(tx: Connection, subscriber_id: int, now: datetime) -> tuple[str, ...]:
    """End all that somebody follows; returns the guides."""
    standing = and_(
        subscription.c.subscriber_id == subscriber_id, subscription.c.ended_at.is_(None)
    )
    guides = tuple(tx.execute(select(subscription.c.guide).where(standing)).scalars())
    tx.execute(update(subscription).where(standing).values(ended_at=now))
    return guides


def come_back(
    tx: Connection, subscriber_id: int, guide: str, left_at: datetime, now: datetime
) -> bool:
    """Undo having left at this moment (to the second); False when that is not how it ended.

    What was called off then and not sent by anybody else is planned again.
    """
    about = (subscription.c.ended_at > left_at - SECOND, subscription.c.ended_at < left_at + SECOND)
    mine = _mine(subscriber_id, guide)
    done = tx.execute(update(subscription).where(mine, *about).values(ended_at=None))
    if not done.rowcount:
        return False
    tx.execute(
        update(delivery)
        .where(
            of_reader(subscriber_id, issue.c.guide == guide),
            delivery.c.state == DeliveryState.CANCELLED.value,
            delivery.c.reply == LEFT,
            delivery.c.settled_at > left_at - SECOND,
        )
        .values(state=DeliveryState.PENDING.value, next_at=now, settled_at=None, reply=None)
    )
    return True


def pause(tx: Connection, subscriber_id: int, guide: str, until: datetime) -> None:
    """Plan nothing before this moment; a drip's slots up to then do not count."""
    tx.execute(
        update(subscription)
        .where(_mine(subscriber_id, guide))
        .values(paused_until=until, floor_at=until, next_at=until)
    )


def resume(tx: Connection, subscriber_id: int, guide: str, now: datetime) -> None:
    """End a pause now: a drip goes on with the next slot of its cadence."""
    tx.execute(
        update(subscription)
        .where(_mine(subscriber_id, guide))
        .values(paused_until=None, floor_at=now, next_at=None)
    )


def set_cadence(tx: Connection, subscriber_id: int, guide: str, text: str, now: datetime) -> None:
    """Let a drip go on at another pace, from its next slot after now."""
    tx.execute(
        update(subscription)
        .where(_mine(subscriber_id, guide))
        .values(cadence=text, floor_at=now, next_at=None)
    )


def look_again(tx: Connection, subscriber_id: int, guide: str) -> None:
    """Decide anew when a drip's next part is due: its times have changed."""
    tx.execute(update(subscription).where(_mine(subscriber_id, guide)).values(next_at=None))


def set_mode(tx: Connection, subscriber_id: int, guide: str, mode: Mode) -> None:
    """Follow a guide by its own calendar, or by one's own."""
    tx.execute(
        update(subscription)
        .where(_mine(subscriber_id, guide))
        .values(mode=mode.value, cadence="", next_at=None)
    )


def is_under_way(tx: Connection, subscriber_id: int, guide: str) -> bool:
    """Whether a sender has a part of this guide in hand for somebody, or nobody knows."""
    busy = (DeliveryState.LEASED.value, DeliveryState.UNCERTAIN.value)
    found = (
        select(delivery.c.issue_key)
        .where(
            of_reader(subscriber_id, issue.c.guide == guide),
            delivery.c.state.in_(busy),
        )
        .limit(1)
    )
    return tx.execute(found).first() is not None


def restart(tx: Connection, subscriber_id: int, guide: str) -> None:
    """Begin a drip again at part 1; what was delivered before is forgotten, but for its events."""
    tx.execute(delete(delivery).where(of_reader(subscriber_id, issue.c.guide == guide)))
    tx.execute(
        update(subscription)
        .where(_mine(subscriber_id, guide))
        .values(
            run=subscription.c.run + 1,
            started_at=None,
            next_at=None,
            floor_at=None,
            paused_until=None,
            finished=False,
        )
    )


def received(tx: Connection, subscriber_id: int) -> dict[str, int]:
    """How many parts of each guide somebody was sent."""
    rows = tx.execute(
        select(issue.c.guide, func.count())
        .join(delivery, OF_ISSUE)
        .where(
            of_reader(subscriber_id),
            delivery.c.state == DeliveryState.SENT.value,
        )
        .group_by(issue.c.guide)
    )
    return {guide: int(number) for guide, number in rows}

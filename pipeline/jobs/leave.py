"""Ends subscriptions: at once, also for what is planned and not yet sent; and undoes it."""

from __future__ import annotations

from datetime import datetime, timedelta

from pipeline import store
from pipeline.jobs.desk import Desk
from pipeline.model import Event, EventKind

UNDO_WITHIN = timedelta(days=30)
"""How long having left can be undone with the link that was given then."""


def leave(desk: Desk, subscriber_id: int, guide: str, now: datetime) -> bool:
    """End a subscription at once, or all of them for EVERY_GUIDE; False when there never was one.

    A second time changes nothing, not even when it ended.
    """
    with desk.store.write() as tx:
        return end(tx, subscriber_id, guide, now)


def end(
    tx: store.Transaction, subscriber_id: int, guide: str, now: datetime, how: str = ""
) -> bool:
    """As `leave`, in a transaction that does more; `how` is told with it."""
    slug = store.guides.current_slug(tx, guide)  # a link in old mail names the slug of its day
    before = {one.guide: one for one in store.subscribers.subscriptions(tx, subscriber_id)}
    if slug == store.EVERY_GUIDE:
        ended = store.subscriptions.end_all(tx, subscriber_id, now)
    else:
        is_standing = slug in before and before[slug].ended_at is None
        ended = (slug,) if is_standing else ()
    store.subscribers.leave(tx, subscriber_id, slug, now)
    if ended:
        store.events.add(tx, Event(now, EventKind.LEFT, slug, how), subscriber_id)
    return slug in before or (slug == store.EVERY_GUIDE and bool(before))


def left_at(desk: Desk, subscriber_id: int, guide: str) -> datetime | None:
    """When somebody left a guide, or the last of all of them; None if they have not."""
    with desk.store.read() as tx:
        slug = store.guides.current_slug(tx, guide)
        mine = store.subscribers.subscriptions(tx, subscriber_id)
    if slug == store.EVERY_GUIDE:
        ends = [one.ended_at for one in mine if one.ended_at is not None]
        return max(ends) if ends and len(ends) == len(mine) else None
    return next((one.ended_at for one in mine if one.guide == slug), None)


def come_back(desk: Desk, subscriber_id: int, guide: str, left: datetime, now: datetime) -> bool:
    """Undo having left at that moment; False when it is too late, or is undone already."""
    if now - left > UNDO_WITHIN:
        return False
    with desk.store.write() as tx:
        slug = store.guides.current_slug(tx, guide)
        mine = store.subscribers.subscriptions(tx, subscriber_id)
        slugs = [one.guide for one in mine] if slug == store.EVERY_GUIDE else [slug]
        back = [
            one for one in slugs if store.subscriptions.come_back(tx, subscriber_id, one, left, now)
        ]
        if back:
            store.events.add(tx, Event(now, EventKind.RETURNED, slug), subscriber_id)
    return bool(back)

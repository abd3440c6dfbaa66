"""Ends subscriptions: at once, also for what is planned and not yet sent."""

from __future__ import annotations

from datetime import datetime

from pipeline import store
from pipeline.jobs.desk import Desk


def leave(desk: Desk, subscriber_id: int, guide: str, now: datetime) -> bool:
    """End a subscription at once; False when there never was one."""
    with desk.store.write() as tx:
        slug = store.guides.current_slug(tx, guide)  # a link in old mail names the slug of its day
        return store.subscribers.leave(tx, subscriber_id, slug, now)

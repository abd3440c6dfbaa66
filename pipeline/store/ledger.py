"""What a row of the ledger leaves to its issue: the id, and for live runs the slot and the moment.

A million rows of one issue do not say a million times what it says once.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select

from pipeline.store.tables import delivery, issue

OF_ISSUE: ColumnElement[bool] = issue.c.key == delivery.c.issue_key
"""Joins a delivery with its issue."""

SLOT: ColumnElement[Any] = func.coalesce(delivery.c.slot, issue.c.slot).label("slot")
"""The slot of a delivery that is joined with its issue."""

PLANNED_AT: ColumnElement[Any] = func.coalesce(delivery.c.planned_at, issue.c.released_at).label(
    "planned_at"
)
"""When a delivery that is joined with its issue was planned."""


def key_of(issue_id: Any) -> ScalarSelect[int]:
    """The number by which deliveries name the issue of this id, a value or a parameter."""
    return select(issue.c.key).where(issue.c.id == issue_id).scalar_subquery()

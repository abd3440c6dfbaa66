"""Statements about gates: what is known of relays and of those who take our mail."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from pipeline.delivery import Gate
from pipeline.store.dialects import insert
from pipeline.store.tables import throttle


def gates(tx: Connection) -> dict[str, Gate]:
    """Every gate that is known, by name."""
    return {
        row.name: Gate(row.share, row.strikes, row.until, row.why, row.day, row.sent)
        for row in tx.execute(select(throttle))
    }


def save(tx: Connection, gates: Mapping[str, Gate]) -> None:
    """Keep these."""
    for name, gate in gates.items():
        row = {
            "share": gate.share,
            "strikes": gate.strikes,
            "until": gate.until,
            "why": gate.why,
            "day": gate.day,
            "sent": gate.sent,
        }
        fresh = insert(tx, throttle).values(name=name, **row)
        tx.execute(fresh.on_conflict_do_update(index_elements=["name"], set_=row))

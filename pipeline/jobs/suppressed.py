"""Whom never to mail again; and digests: what is known of an address that is not kept."""

from __future__ import annotations

from datetime import datetime

from pipeline import store
from pipeline.jobs.desk import Desk
from pipeline.mac import mac
from pipeline.model import Event, EventKind

ERASED = "erased"
"""Why an address is suppressed that its owner had us forget; they may come back by themselves."""


REFUSED = "refused: no such address"
"""Why somebody is suppressed whose server said so when a message was handed over."""


def suppress(tx: store.Transaction, subscriber_id: int, why: str, now: datetime) -> bool:
    """Never mail this person again; False if that was so before."""
    if not store.subscribers.suppress(tx, subscriber_id):
        return False
    store.events.add(tx, Event(now, EventKind.SUPPRESSED, detail=why), subscriber_id)
    return True


def limited_by(desk: Desk, address: str) -> str:
    """A digest that is the same for all spellings of an address that reach one mailbox."""
    local, _, domain = address.lower().rpartition("@")
    plain = local.partition("+")[0].replace(".", "")
    return _digest(desk.secret, "mailbox", f"{plain}@{domain}")


def suppression_digests(desk: Desk, address: str) -> tuple[str, ...]:
    """The digests under which an address may be suppressed, the one in force first."""
    key = store.subscribers.address_key(address)
    return tuple(_digest(secret, "suppression", key) for secret in desk.keys)


def _digest(secret: bytes, purpose: str, said: str) -> str:
    return mac(secret, f"partwork.{purpose}\n{said}".encode()).hex()

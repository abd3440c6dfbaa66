"""Sends one issue to one address, for the editors: nothing is recorded, nobody else gets it."""

from __future__ import annotations

from datetime import datetime

from pipeline.jobs.addressing import compile_for, signed, to_nobody
from pipeline.jobs.catalogue import catalogue_of
from pipeline.jobs.desk import Desk
from pipeline.jobs.preview import part_of
from pipeline.jobs.subscribe import mail_address
from pipeline.model import Mode, Reply


def send_test(desk: Desk, slug: str, number: int, to: str, now: datetime) -> Reply:
    """What the transport said to a part that is marked as a test.

    Its links for leaving lead nowhere, so that nobody is unsubscribed by trying them.

    Raises:
        UsageError: There is no such guide or part, or the address is none.
        RelayError: The relay cannot be reached.
    """
    _, issue, _ = part_of(desk, catalogue_of(desk, now), slug, number, now)
    address = mail_address(to)
    compiled = compile_for(desk, issue, Mode.LIVE, is_test=True)
    message = to_nobody(desk, compiled, address, f"{issue.id} test {now.isoformat()}", now)
    with desk.transports[0].connect() as session:
        return session.send(signed(desk, message, now))

"""Sends one issue to one address, for the editors: nothing is recorded, nobody else gets it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pipeline import dkim, mail
from pipeline.jobs.catalogue import catalogue_of
from pipeline.jobs.deliver import compile_for
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
    site = desk.site
    message = mail.address(
        compiled,
        mail.Recipient(
            subscriber_id=0,
            address=address,
            message_id=mail.message_id(
                f"{issue.id} test {now.isoformat()}", 0, secret=desk.secret, domain=site.list_domain
            ),
            unsubscribe_url=site.url("u/test"),
            mail_from=site.sender,
            date=now,
        ),
    )
    if desk.signer is not None:
        message = replace(message, body=dkim.sign(message.body, desk.signer, now))
    with desk.transport.connect() as session:
        return session.send(message)

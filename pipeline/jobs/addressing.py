"""Makes messages: an issue's compiled once and kept, then one for each reader, as it leaves."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from pipeline import dkim, mail, store, token
from pipeline.jobs.desk import Desk
from pipeline.jobs.discretion import quiet
from pipeline.model import Delivery, Issue, Message, Mode


def compile_for(desk: Desk, issue: Issue, mode: Mode, *, is_test: bool = False) -> mail.Compiled:
    """The issue's message before it is addressed; a drip reader's next date is their own."""
    issue, beside = _inputs(desk, issue, mode, is_test=is_test)
    return mail.compile(issue, desk.site, desk.templates, beside)


def compiled_for(desk: Desk, issue: Issue, mode: Mode) -> mail.Compiled:
    """The same, compiled by whoever needs it first: the inliner and its time are spared the others.

    Whatever it is made from has changed, it is made again.
    """
    issue, beside = _inputs(desk, issue, mode)
    said = repr((desk.edition, issue, beside)).encode("utf-8", "surrogatepass")
    state = hashlib.sha256(said).hexdigest()
    with desk.store.read() as tx:
        kept = store.compilations.find(tx, issue.id, mode, state)
    if kept is not None:
        return mail.unpack(kept)
    made = mail.compile(issue, desk.site, desk.templates, beside)
    with desk.store.write() as tx:
        store.compilations.keep(tx, issue.id, mode, state, mail.pack(made))
    return made


def _inputs(
    desk: Desk, issue: Issue, mode: Mode, *, is_test: bool = False
) -> tuple[Issue, mail.Beside]:
    """The issue as it is mailed, and what stands beside it."""
    if mode is Mode.DRIP and issue.upcoming is not None:
        issue = replace(issue, upcoming=replace(issue.upcoming, due_at=None))
    with desk.store.read() as tx:
        before = store.issues.id_of(tx, issue.guide, issue.number - 1)
        previous = store.issues.by_id(tx, before) if before else None
        guide = store.guides.current(tx, issue.guide)
    if issue.discreet or (guide is not None and guide.front.discreet):
        issue = quiet(issue)
    return issue, mail.Beside(previous, is_test=is_test)


def message_id(desk: Desk, issue_id: str, subscriber_id: int, run: int = 1) -> str:
    """The Message-ID of an issue for a subscriber: the same whenever it is asked for.

    Who begins again gets every part in another message: mail programs show one of each.
    """
    named = issue_id if run == 1 else f"{issue_id} {run}"
    return mail.message_id(named, subscriber_id, secret=desk.secret, domain=desk.site.list_domain)


def address(desk: Desk, compiled: mail.Compiled, one: Delivery) -> Message:
    """One reader's message: the same bytes whenever it is made again, but for the date."""
    site = desk.site
    leave = token.leave(one.subscriber_id, compiled.guide, keys=desk.keys)
    mine = token.preferences(one.subscriber_id, keys=desk.keys)
    at, name = desk.clock(), message_id(desk, one.issue_id, one.subscriber_id, one.run)
    back = mail.return_path(site.bounces, one.subscriber_id, name) if site.bounces else site.sender
    message = mail.address(
        compiled,
        mail.Recipient(
            subscriber_id=one.subscriber_id,
            address=one.address,
            name=one.name,
            message_id=name,
            unsubscribe_url=site.url(f"u/{leave}"),
            preferences_url=site.url(f"u/me/{mine}"),
            mail_from=back,
            date=at,
        ),
    )
    return signed(desk, message, at)


def to_nobody(desk: Desk, compiled: mail.Compiled, to: str, key: str, at: datetime) -> Message:
    """A message that belongs to no subscriber: its links for leaving lead nowhere.

    Args:
        desk: The site.
        compiled: What is shown.
        to: The address that it says it is for.
        key: What its Message-ID follows from.
        at: When it is made.
    """
    site = desk.site
    return mail.address(
        compiled,
        mail.Recipient(
            subscriber_id=0,
            address=to,
            message_id=message_id(desk, key, 0),
            unsubscribe_url=site.url("u/preview"),
            mail_from=site.sender,
            date=at,
        ),
    )


def signed(desk: Desk, message: Message, at: datetime) -> Message:
    """The message as it leaves: signed, where we do that."""
    if desk.signer is None:
        return message
    return message._replace(body=dkim.sign(message.body, desk.signer, at))

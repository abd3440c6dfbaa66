"""Sends letters: to confirm, to welcome, to say goodbye, and that a guide is read to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline import delivery, mail, store, token
from pipeline.errors import PartworkError, RelayError
from pipeline.jobs import sending
from pipeline.jobs.addressing import message_id, signed
from pipeline.jobs.desk import Desk, Session
from pipeline.jobs.discretion import about, silent
from pipeline.jobs.joining import GOOD_FOR, answer_signups
from pipeline.jobs.suppressed import REFUSED, suppress
from pipeline.mail import Compiled, Letter, LetterKind
from pipeline.model import DeliveryState, Issue, Message, Reply
from pipeline.store.letters import CANCELLED, FAILED, SENT, Queued

BATCH = 200
AGAIN = timedelta(minutes=5)
"""After which a letter is tried again of which nobody said what became of it."""

KEPT = timedelta(days=30)
"""How long it is remembered that a letter went out."""


@dataclass(frozen=True, slots=True)
class LettersReport:
    """What became of the letters that were due."""

    sent: int = 0
    held: int = 0
    """Signups that wait because too many came in the last hour."""
    problems: tuple[str, ...] = ()

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.sent or self.held or self.problems)


def send_letters(desk: Desk, now: datetime) -> LettersReport:
    """Answer signups, and send every letter that is due.

    Raises:
        UsageError: The clock says what cannot be.
    """
    sending.check_clock(now)
    desk, _ = sending.allowed(desk)
    answered = answer_signups(desk, now)
    if not desk.transports:
        return LettersReport(held=answered.held)
    with desk.store.write() as tx:
        store.letters.forget_before(tx, now - KEPT)
        queue = store.letters.due(tx, now, BATCH)
    if not queue:
        return LettersReport(held=answered.held)
    office = _Office(desk)
    with office.sessions:
        sent = sum(office.send(one, now) for one in queue if not desk.is_stopping())
    return LettersReport(sent, answered.held, tuple(dict.fromkeys(office.problems)))


class _Office:
    """One pass: letters compiled once each, and a connection kept."""

    def __init__(self, desk: Desk) -> None:
        self.sessions = ExitStack()
        self.problems: list[str] = []
        self._desk = desk
        self._compiled: dict[tuple[str, str, str], Compiled] = {}
        self._session: Session | None = None

    def send(self, one: Queued, now: datetime) -> bool:
        """Whether this letter was taken."""
        desk = self._desk
        with desk.store.write() as tx:
            is_stale = one.signup_id is not None and one.created_at < now - GOOD_FOR
            if is_stale or not one.address:
                store.letters.settle(tx, one.id, CANCELLED, "nobody waits for it", now)
                return False
            if not store.letters.begin(tx, one.id, one.attempts, now + AGAIN):
                return False
        try:
            message = self._message(one, now)
            reply = self._connection().send(message)
        except (RelayError, OSError) as error:
            self._session = None
            reply = Reply(0, str(error))
            self.problems.append(str(error))
        except PartworkError as error:  # a template of the site: it can be mended
            reply = Reply(451, str(error))
            self.problems.append(f"letter {one.kind}: {error}")
        return self._settle(one, reply, now)

    def _settle(self, one: Queued, reply: Reply, now: datetime) -> bool:
        key = f"letter {one.id}"
        outcome = delivery.after(
            reply, attempts=one.attempts + 1, now=now, key=key, first_at=one.created_at
        )
        said = f"{reply.code} {reply.text}"[:500]
        with self._desk.store.write() as tx:
            if outcome.state is DeliveryState.SENT:
                store.letters.settle(tx, one.id, SENT, said, now)
                return True
            if outcome.next_at is not None:
                store.letters.put_off(tx, one.id, said, outcome.next_at)
            elif outcome.state is not DeliveryState.UNCERTAIN:
                store.letters.settle(tx, one.id, FAILED, said, now)
                if outcome.suppress and one.subscriber_id is not None:
                    suppress(tx, one.subscriber_id, REFUSED, now)
        return False

    def _connection(self) -> Session:
        """A session with the first way that works."""
        if self._session is not None:
            return self._session
        for last, transport in enumerate(self._desk.transports, 1 - len(self._desk.transports)):
            try:
                self._session = self.sessions.enter_context(transport.connect())
                break
            except RelayError:
                if last == 0:
                    raise
        assert self._session is not None  # a site has a transport  # noqa: S101
        return self._session

    def _message(self, one: Queued, now: datetime) -> Message:
        desk, site = self._desk, self._desk.site
        name = message_id(desk, f"letter {one.id}", one.subscriber_id or 0)
        recipient = mail.Recipient(
            subscriber_id=one.subscriber_id or 0,
            address=one.address,
            name=one.name,
            message_id=name,
            unsubscribe_url=site.url("u/preview"),
            mail_from=site.sender,
            date=now,
        )
        if one.signup_id is not None:
            action = f"u/confirm/{token.confirm(one.signup_id, keys=desk.keys)}"
            recipient = recipient._replace(action_url=site.url(action))
        elif one.subscriber_id is not None:
            leave = token.leave(one.subscriber_id, one.guide, keys=desk.keys)
            mine = token.preferences(one.subscriber_id, keys=desk.keys)
            back = token.back(one.subscriber_id, one.guide, one.created_at, keys=desk.keys)
            recipient = recipient._replace(
                unsubscribe_url=site.url(f"u/{leave}"),
                preferences_url=site.url(f"u/me/{mine}"),
                action_url=site.url(f"u/back/{back}"),
            )
        return signed(desk, mail.address(self._letter(one), recipient), now)

    def _letter(self, one: Queued) -> Compiled:
        """The letter compiled, once for all that get it in this pass."""
        key = (one.kind, one.guide, one.lang)
        if key not in self._compiled:
            letter = _said(self._desk, one)
            self._compiled[key] = mail.compile_letter(letter, self._desk.site, self._desk.templates)
        return self._compiled[key]


def _said(desk: Desk, one: Queued) -> Letter:
    """What a letter says."""
    with desk.store.read() as tx:
        record = store.guides.current(tx, one.guide)
        issues: tuple[Issue, ...] = ()
        if one.kind == LetterKind.FINISHED:
            issues = tuple(_related(tx, one.guide))
    if record is not None and record.front.discreet:
        issues = silent(issues, about(record.front))
    lang = one.lang or (record.front.lang if record else desk.site.lang)
    path = "" if one.guide == store.EVERY_GUIDE or record is None else f"{record.front.slug}/"
    title = record.front.title if record else ""
    guide = one.guide if record else desk.site.list_domain.partition(".")[0]
    is_discreet = record is not None and record.front.discreet
    return Letter(LetterKind(one.kind), lang, path, guide, title, issues, is_discreet)


def _related(tx: store.Transaction, guide: str) -> Iterator[Issue]:
    """The first parts of the guides that this guide's parts lead to, the last part's first."""
    seen = {guide}
    for number in reversed(range(1, len(store.issues.releases(tx, guide).get(guide, ())) + 1)):
        issue_id = store.issues.id_of(tx, guide, number)
        issue = store.issues.by_id(tx, issue_id) if issue_id else None
        for link in issue.related if issue else ():
            slug = link.path.partition("/")[0]
            first = store.issues.id_of(tx, slug, 1) if slug not in seen else None
            seen.add(slug)
            found = store.issues.by_id(tx, first) if first else None
            if found is not None:
                yield found

"""Sends what is due: claims rows, addresses messages, hands them over, records what was said.

A claim is committed before the first byte leaves; what the relay answered is committed in batches
after it. The order that survives every crash (intent journal, fencing) has its seat between the
claim and `Session.send`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pipeline import delivery, dkim, mail, store, token, trust
from pipeline.errors import MailError, PartworkError, RelayError
from pipeline.jobs.desk import Desk, Session
from pipeline.model import Delivery, DeliveryState, Issue, Message, Mode, Reply
from pipeline.store.deliveries import Settled

CLAIM = 500
"""Rows a claim: large enough that its commit costs nothing, small enough to lose little."""

LEASE = timedelta(minutes=15)
"""After which a sender that said nothing counts as gone: more than the longest wait for a relay."""

Compiled = Mapping[tuple[str, Mode], mail.Compiled]


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What became of the messages that were due."""

    states: Mapping[DeliveryState, int] = field(default_factory=dict)
    """How many deliveries ended in each state in this pass."""
    problems: tuple[str, ...] = ()
    """What kept messages from going out, a line each."""

    @property
    def sent(self) -> int:
        """How many were accepted."""
        return self.states.get(DeliveryState.SENT, 0)


def deliver(desk: Desk, now: datetime) -> DeliverReport:
    """Send everything that is due now, and say what became of it."""
    with desk.store.write() as tx:
        store.deliveries.expire_leases(tx, now, age=LEASE, to=desk.abandoned)
        store.deliveries.drop_unwanted(tx, now)
        due = store.deliveries.due_issues(tx, now)
    compiled, problems = _compile_all(desk, due, now)
    states: dict[DeliveryState, int] = {}
    if compiled:
        try:
            with desk.transport.connect() as session:
                for settled in _send_all(desk, session, compiled, now):
                    states[settled.state] = states.get(settled.state, 0) + 1
        except (RelayError, OSError) as error:
            problems.append(str(error))
    return DeliverReport(states, tuple(problems))


def compile_for(desk: Desk, issue: Issue, mode: Mode, *, is_test: bool = False) -> mail.Compiled:
    """The issue's message before it is addressed; a drip reader's next date is their own."""
    if mode is Mode.DRIP and issue.upcoming is not None:
        issue = replace(issue, upcoming=replace(issue.upcoming, due_at=None))
    with desk.store.read() as tx:
        before = store.issues.id_of(tx, issue.guide, issue.number - 1)
        previous = store.issues.by_id(tx, before) if before else None
    beside = mail.Beside(previous, is_test=is_test)
    return mail.compile(issue, desk.site, desk.templates, beside)


def _compile_all(
    desk: Desk, due: tuple[tuple[str, Mode], ...], now: datetime
) -> tuple[dict[tuple[str, Mode], mail.Compiled], list[str]]:
    """Each due issue compiled once a mode; an issue that cannot be is left out whole."""
    compiled: dict[tuple[str, Mode], mail.Compiled] = {}
    problems: dict[str, str] = {}
    for issue_id, mode in due:
        with desk.store.read() as tx:
            issue = store.issues.by_id(tx, issue_id)
        if issue is None:
            continue
        if trust.is_held(issue.profile, issue.trust, now.date()):
            problems[issue_id] = f"{issue.path}: not mailed: its review is overdue; renew it"
            continue
        try:
            compiled[issue_id, mode] = compile_for(desk, issue, mode)
        except PartworkError as error:
            problems[issue_id] = f"{issue.path}: not mailed: {error}"
    whole = {key: one for key, one in compiled.items() if key[0] not in problems}
    return whole, list(problems.values())


def _send_all(desk: Desk, session: Session, compiled: Compiled, now: datetime) -> Iterator[Settled]:
    """Claim, send and settle in batches until nothing is due; yields what became of each."""
    among = {issue_id for issue_id, _ in compiled}
    while True:
        with desk.store.write() as tx:
            batch = store.deliveries.claim(tx, now, among=among, lease=desk.sender, limit=CLAIM)
        if not batch:
            return
        results: list[Settled] = []
        try:
            for one, mode in batch:
                if desk.is_stopping():
                    break
                results.append(_send(desk, session, compiled[one.issue_id, mode], one))
        finally:  # also when the relay is gone or we are being stopped: nothing is left leased
            with desk.store.write() as tx:
                store.deliveries.settle(tx, results, lease=desk.sender)
                store.deliveries.release_leases(tx, lease=desk.sender)
                _suppress(tx, results)
        yield from results
        if desk.is_stopping():
            return


def _send(desk: Desk, session: Session, compiled: mail.Compiled, one: Delivery) -> Settled:
    try:
        reply = session.send(address(desk, compiled, one))
    except MailError as error:  # this reader's name or address cannot stand in a header
        reply = Reply(554, str(error), "5.6.0")
    at = desk.clock()
    outcome = delivery.after(reply, attempts=one.attempts, now=at, key=_key(one))
    said = f"{reply.code} {reply.text}".strip()
    return Settled(
        one.issue_id, one.subscriber_id, outcome.state, said, at, outcome.next_at, outcome.suppress
    )


def _key(one: Delivery) -> str:
    return f"{one.issue_id} {one.subscriber_id}"


def address(desk: Desk, compiled: mail.Compiled, one: Delivery) -> Message:
    """One reader's message: the same bytes whenever it is made again, but for the date."""
    site = desk.site
    leave = token.leave(one.subscriber_id, compiled.guide, secret=desk.secret)
    at = desk.clock()
    message = mail.address(
        compiled,
        mail.Recipient(
            subscriber_id=one.subscriber_id,
            address=one.address,
            name=one.name,
            message_id=mail.message_id(
                one.issue_id, one.subscriber_id, secret=desk.secret, domain=site.list_domain
            ),
            unsubscribe_url=site.url(f"u/{leave}"),
            mail_from=site.sender,
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
            message_id=mail.message_id(key, 0, secret=desk.secret, domain=site.list_domain),
            unsubscribe_url=site.url("u/preview"),
            mail_from=site.sender,
            date=at,
        ),
    )


def signed(desk: Desk, message: Message, at: datetime) -> Message:
    """The message as it leaves: signed, where we do that."""
    if desk.signer is None:
        return message
    return replace(message, body=dkim.sign(message.body, desk.signer, at))


def _suppress(tx: store.Transaction, results: list[Settled]) -> None:
    for one in results:
        if one.suppress:
            store.subscribers.suppress(tx, one.subscriber_id)

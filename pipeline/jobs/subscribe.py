"""Adds subscribers, one or a file of them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from email_validator import EmailNotValidError, validate_email

from pipeline import schedule, store
from pipeline.errors import FileError, Problem, ScheduleError, UsageError
from pipeline.jobs.catalogue import catalogue_of
from pipeline.jobs.desk import Desk
from pipeline.jobs.suppressed import suppression_digests
from pipeline.model import Mode, Subscriber, SubscriberStatus
from pipeline.store.subscribers import Follow

COLUMNS = (
    "email", "name", "lang", "zone", "hour", "guides", "mode", "cadence", "status",
    "consent_at", "consent_source",
)  # fmt: skip
"""What a file of subscribers may hold; `email` it must."""

BATCH = 1000
"""Rows a transaction."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A person who is to be subscribed, as asked for; checked by `subscriber`."""

    email: str
    name: str = ""
    lang: str = ""
    zone: str = ""
    hour: str = ""
    guides: tuple[str, ...] = ()
    """Slugs; none: every guide, those to come included."""
    mode: str = Mode.LIVE.value
    cadence: str = ""
    status: str = SubscriberStatus.ACTIVE.value
    consent_at: str = ""
    consent_source: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How a file of subscribers was taken in: every row is counted once."""

    added: int = 0
    known: int = 0
    refused: tuple[Problem, ...] = ()
    by_status: Mapping[str, int] = field(default_factory=dict)
    """Of those added."""


def subscribe(desk: Desk, wish: Wish, now: datetime) -> tuple[Subscriber, bool]:
    """The subscriber, and whether they are new; guides asked for are added to what they follow.

    Raises:
        UsageError: The wish cannot be granted; says why.
    """
    person, follows = checked(wish, known_slugs(desk, now), now)
    with desk.store.write() as tx:
        is_new = _put(desk, tx, person, follows)
        found = store.subscribers.by_address(tx, person.address)
    return found or person, is_new


def import_csv(desk: Desk, text: str, name: str, now: datetime) -> ImportReport:
    """How the rows of a CSV text with a header were taken in; a refused row keeps no other out.

    Args:
        desk: The site.
        text: The file; its separator is a comma, a semicolon or a tab, as its header shows.
        name: What to call the file in messages.
        now: When they came.

    Raises:
        FileError: The header is missing, names unknown columns, or has no `email`.
    """
    rows, slugs = _rows(text, name), known_slugs(desk, now)
    added = known = 0
    refused: list[Problem] = []
    by_status: Counter[str] = Counter()
    for batch in _batched(rows):
        with desk.store.write() as tx:
            for line, row in batch:
                try:
                    person, follows = checked(_wish(row), slugs, now)
                    is_new = _put(desk, tx, person, follows)
                except UsageError as error:
                    refused.append(Problem(f"{name}:{line}", error.what, error.todo))
                    continue
                added, known = added + is_new, known + (not is_new)
                by_status[person.status] += is_new
    return ImportReport(added, known, tuple(refused), dict(by_status))


def _put(
    desk: Desk, tx: store.Transaction, person: Subscriber, follows: tuple[Follow, ...]
) -> bool:
    why = store.suppressions.reason(tx, suppression_digests(desk, person.address))
    if why:
        todo = "only they themselves can come back, on the page"
        raise UsageError(f"{person.address} is not to be mailed ({why})", todo)
    subscriber_id, is_new = store.subscribers.put(tx, person)
    for one in follows:
        store.subscribers.follow(tx, subscriber_id, one)
    return is_new


def known_slugs(desk: Desk, now: datetime) -> frozenset[str]:
    """What a guide may be called: those in the content folder, and those ever scheduled."""
    with desk.store.read() as tx:
        scheduled = store.guides.records(tx).keys()
    return frozenset({*scheduled, *(one.guide.slug for one in catalogue_of(desk, now).volumes)})


def checked(
    wish: Wish, slugs: Collection[str], now: datetime
) -> tuple[Subscriber, tuple[Follow, ...]]:
    """The person and what they follow.

    Raises:
        UsageError: Something about the wish does not fit.
    """
    for slug in wish.guides:
        if slug not in {store.EVERY_GUIDE, *slugs}:
            raise UsageError(f"no guide is called {slug!r}", f"known: {', '.join(sorted(slugs))}")
    person = Subscriber(
        id=0,
        address=mail_address(wish.email),
        status=_status(wish),
        created_at=now,
        name=_line(wish.name, "name"),
        lang=_line(wish.lang, "lang"),
        zone=_calendar("zone", wish.zone),
        hour=_hour(wish.hour),
        consent_at=_instant(wish.consent_at),
        consent_source=_line(wish.consent_source, "consent_source"),
    )
    if wish.mode not in set(Mode):
        raise UsageError(f"mode {wish.mode!r} is not known", "say live or drip")
    if wish.cadence and wish.mode != Mode.DRIP:
        raise UsageError("a cadence of one's own needs a drip", "add --drip, or leave it out")
    cadence = _calendar("cadence", wish.cadence)
    guides = wish.guides or (store.EVERY_GUIDE,)
    return person, tuple(Follow(slug, Mode(wish.mode), cadence) for slug in guides)


def mail_address(said: str) -> str:
    """The address in the form that mail goes to.

    Raises:
        UsageError: It is none.
    """
    try:
        found = validate_email(said.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise UsageError(f"{said!r} is not a mail address: {error}") from error
    return found.ascii_email or found.normalized


def _status(wish: Wish) -> SubscriberStatus:
    said = wish.status or SubscriberStatus.ACTIVE.value
    if said not in set(SubscriberStatus):
        raise UsageError(f"status {said!r} is not known", f"known: {', '.join(SubscriberStatus)}")
    return SubscriberStatus(said)


def _hour(said: str) -> int | None:
    if not said.strip():
        return None
    if said.strip().isdecimal() and int(said) < 24:  # noqa: PLR2004 -- hours of a day
        return int(said)
    raise UsageError(f"hour {said!r} is not an hour", "give 0 to 23")


def _calendar(key: str, said: str) -> str:
    """A zone or a cadence, checked."""
    look = {"zone": schedule.check_zone, "cadence": schedule.parse_cadence}[key]
    try:
        if said:
            look(said)
    except ScheduleError as error:
        raise UsageError(str(error)) from error
    return said


def _instant(said: str) -> datetime | None:
    if not said:
        return None
    try:
        found = datetime.fromisoformat(said)
    except ValueError as error:
        raise UsageError(f"consent_at {said!r} is not a date", "write 2026-11-23T09:00Z") from error
    return found.replace(tzinfo=found.tzinfo or UTC)


def _line(said: str, key: str) -> str:
    if any(not character.isprintable() for character in said):
        raise UsageError(f"{key} holds control characters", "write it on one line")
    return said.strip()


def _rows(text: str, name: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row by column, with its line."""
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=separator)
    columns = [cell.strip().lower() for cell in next(reader, [])]
    if "email" not in columns:
        raise FileError(f"{name}:1", "the header names no column `email`", "add it")
    if unknown := [one for one in columns if one not in COLUMNS]:
        todo = f"known: {', '.join(COLUMNS)}"
        raise FileError(f"{name}:1", f"unknown column {', '.join(unknown)}", todo)
    for cells in reader:
        if any(cells):
            yield reader.line_num, dict(zip(columns, cells, strict=False))


def _wish(row: Mapping[str, str]) -> Wish:
    said = {key: value.strip() for key, value in row.items() if value.strip()}
    guides = tuple(said.pop("guides", "").replace(";", " ").replace(",", " ").split())
    return Wish(guides=guides, **{"email": "", **said})


def _batched(
    rows: Iterator[tuple[int, Mapping[str, str]]],
) -> Iterator[list[tuple[int, Mapping[str, str]]]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch

"""Takes a list of subscribers in, and gives all of them out again."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TypeAlias

from pipeline import store
from pipeline.errors import Problem, UsageError
from pipeline.jobs.desk import Desk
from pipeline.jobs.lists import COLUMNS, neutral, rows
from pipeline.jobs.subscribe import Wish, checked, known_slugs
from pipeline.jobs.suppressed import ERASED, suppression_digests
from pipeline.model import Subscriber, SubscriberStatus
from pipeline.store.subscribers import Follow, address_key

BATCH = 5_000
"""Rows a transaction: large enough that a commit costs nothing, over before others grow tired."""

Taken: TypeAlias = tuple[Subscriber, tuple[Follow, ...]]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a list is taken in."""

    consent_at: str = ""
    """For rows that say nothing themselves: when the operator says that it was given."""
    consent_source: str = ""
    """For these, how."""
    is_dry: bool = False
    """Whether nothing is kept: the counts are those of the real run."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How a file of subscribers was taken in: every row is counted once."""

    added: int = 0
    known: int = 0
    refused: tuple[Problem, ...] = ()
    by_status: Mapping[str, int] = field(default_factory=dict)
    """Of those added."""
    unproven: int = 0
    """Of those added, how many are pending because nothing tells that they agreed."""


class _Import:
    """One file on its way in."""

    def __init__(self, desk: Desk, name: str, options: ImportOptions, now: datetime) -> None:
        self._desk, self._name, self._options, self._now = desk, name, options, now
        self._slugs = known_slugs(desk, now)
        self.refused: list[Problem] = []
        self.by_status: Counter[str] = Counter()
        self.known = self.unproven = 0
        self._seen: set[int] = set()
        """Of a dry run: those that a real one would know by now."""

    def take(self, batch: Iterable[tuple[int, Wish]]) -> None:
        """Take some rows in."""
        people: dict[str, tuple[int, Taken]] = {}
        doubled = 0
        for line, wish in batch:
            try:
                taken = checked(self._proven(wish), self._slugs, self._now)
            except UsageError as error:
                self._refuse(line, error)
                continue
            key = address_key(taken[0].address)
            if key in people:
                doubled += 1
                taken = (people[key][1][0], (*people[key][1][1], *taken[1]))
            people[key] = (line, taken)
        self.known += doubled
        if self._options.is_dry:
            with self._desk.store.read() as tx:
                self._count(tx, self._wanted(tx, people))
        else:
            with self._desk.store.write() as tx:
                wanted = self._wanted(tx, people)
                self._count(tx, wanted)
                self._keep(tx, wanted)

    def _proven(self, wish: Wish) -> Wish:
        """The wish with the consent that the operator vouches for, where it has none."""
        if wish.consent_at or not self._options.consent_at:
            return wish
        at, source = self._options.consent_at, self._options.consent_source
        return replace(wish, consent_at=at, consent_source=source)

    def _refuse(self, line: int, error: UsageError) -> None:
        self.refused.append(Problem(f"{self._name}:{line}", error.what, error.todo))

    def _wanted(
        self, tx: store.Transaction, people: Mapping[str, tuple[int, Taken]]
    ) -> dict[str, Taken]:
        """Those that are not suppressed; who is, is refused, unless the file says so itself."""
        if store.suppressions.are_none(tx):
            return {key: taken for key, (_, taken) in people.items()}
        digests = {
            digest: key
            for key, (_, taken) in people.items()
            for digest in suppression_digests(self._desk, taken[0].address)
        }
        why = {
            digests[one]: reason for one, reason in store.suppressions.reasons(tx, digests).items()
        }
        for key, reason in why.items():
            said = f"{people[key][1][0].address} is not to be mailed ({reason})"
            todo = "only they themselves can come back, on the page"
            if reason == ERASED or people[key][1][0].status is SubscriberStatus.ACTIVE:
                self._refuse(people[key][0], UsageError(said, todo))
            else:
                self.known += 1
        return {key: taken for key, (_, taken) in people.items() if key not in why}

    def _count(self, tx: store.Transaction, wanted: Mapping[str, Taken]) -> None:
        there = store.subscribers.known_keys(tx, wanted)
        for key, (person, _) in wanted.items():
            if key in there or (self._options.is_dry and hash(key) in self._seen):
                self.known += 1
                continue
            if self._options.is_dry:
                self._seen.add(hash(key))
            self.by_status[_status(person)] += 1
            self.unproven += _is_unproven(person)

    def _keep(self, tx: store.Transaction, wanted: Mapping[str, Taken]) -> None:
        pending = SubscriberStatus.PENDING
        people = [
            (replace(person, status=pending) if _is_unproven(person) else person, follows)
            for person, follows in wanted.values()
        ]
        store.subscribers.put_many(tx, people)
        gone = [
            key
            for key, (person, _) in wanted.items()
            if person.status is SubscriberStatus.SUPPRESSED
        ]
        store.subscribers.suppress_keys(tx, gone)


def _is_unproven(person: Subscriber) -> bool:
    """Whether nothing tells that they agreed."""
    is_active = person.status is SubscriberStatus.ACTIVE
    return is_active and not (person.consent_at and person.consent_source)


def _status(person: Subscriber) -> str:
    return SubscriberStatus.PENDING.value if _is_unproven(person) else person.status.value


def import_list(
    desk: Desk,
    lines: Iterable[str],
    name: str,
    now: datetime,
    options: ImportOptions = ImportOptions(),
    tell: Callable[[int], None] = lambda _line: None,
) -> ImportReport:
    """How the rows of a CSV file with a header were taken in; a refused row keeps no other out.

    Who is known stays as they are, but follows what the file says besides; who is suppressed by
    the file is suppressed. Taken in again, a file changes nothing: after a crash begin anew.

    Args:
        desk: The site.
        lines: Of the file, line ends included.
        name: What to call the file in messages.
        now: When they came.
        options: How.
        tell: Called now and then with the line that was read.

    Raises:
        FileError: The header is not one that is known, or a field never ends.
        UsageError: The consent that the operator vouches for is no time.
    """
    one, source = _Import(desk, name, options, now), rows(lines, name)
    while batch := list(islice(source, BATCH)):
        one.take(batch)
        tell(batch[-1][0])
    added = sum(one.by_status.values())
    return ImportReport(added, one.known, tuple(one.refused), dict(one.by_status), one.unproven)


def export_list(desk: Desk) -> Iterator[str]:
    """All subscribers as lines of a CSV file that `import_list` reads, harmless to spreadsheets."""
    yield _line(COLUMNS)
    with desk.store.read() as tx:
        for person, follows in store.subscribers.with_subscriptions(tx):
            groups: dict[tuple[str, str], list[str]] = {}
            for one in follows:
                if one.ended_at is None:
                    groups.setdefault((one.mode.value, one.cadence), []).append(one.guide)
            for (mode, cadence), guides in groups.items() or [(("live", ""), ["-"])]:
                yield _line(_fields(person, mode, cadence, guides))


def _fields(person: Subscriber, mode: str, cadence: str, guides: list[str]) -> tuple[str, ...]:
    return (
        person.address,
        person.name,
        person.lang,
        person.zone,
        "" if person.hour is None else str(person.hour),
        " ".join(guides),
        mode,
        cadence,
        person.status.value,
        person.consent_at.isoformat() if person.consent_at else "",
        person.consent_source,
    )


def _line(fields: Iterable[str]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerow(map(neutral, fields))
    return made.getvalue()

"""store: the ledger on its way from one version to the next, and by which indexes it is read."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import IntegrityError

from pipeline.model import DeliveryState, Mode
from pipeline.store import (
    Store,
    StoreOptions,
    bounces,
    claims,
    deliveries,
    events,
    issues,
    leases,
    listing,
    open_store,
    plans,
    subscribers,
    subscriptions,
)
from pipeline.store.claims import Claim
from pipeline.store.databases import connect
from pipeline.store.leases import Settled
from pipeline.store.plans import DripPlan, Planned
from tests.pipeline.test_store import KILLED, NOW, _text, issue, reader

SQLITE = StoreOptions().url
FIRST, SECOND, THIRD = "tag:z", "tag:m", "tag:a"
"""Issues in the order of their release, which is not that of their ids."""
RELEASED = {FIRST: NOW, SECOND: NOW + timedelta(weeks=1), THIRD: NOW + timedelta(weeks=1)}
OUT = "2026-03-09T09:00 Europe/Berlin"
SLOTS = {FIRST: OUT, SECOND: "2026-03-16T09:00 Europe/Berlin", THIRD: "2026-03-16T18:00 Asia/Tokyo"}
TIMES = ("planned_at", "next_at", "first_tried_at", "leased_at", "settled_at")


def facts() -> Iterator[dict[str, Any]]:
    """Deliveries of every state, live and drip; the last was planned at another time than most."""
    number = 0
    for issue_id, out in RELEASED.items():
        for state in DeliveryState:
            for mode in Mode:
                number += 1
                late = timedelta(hours=number) if mode is Mode.DRIP or number == 47 else timedelta()
                moment = NOW + timedelta(days=30, microseconds=number)
                yield {
                    "issue_id": issue_id,
                    "subscriber_id": number,
                    "mode": mode.value,
                    "slot": SLOTS[issue_id] if not late else "2026-04-01T07:30 Asia/Tokyo",
                    "planned_at": out + late,
                    "state": state.value,
                    "destination": ("", "gmail")[number % 2],
                    "attempts": number,
                    "next_at": None if number % 5 == 0 else moment,
                    "first_tried_at": None if state is DeliveryState.PENDING else moment,
                    "leased_at": moment if state is DeliveryState.LEASED else None,
                    "leased_by": f"x{number}" if number % 3 == 0 else None,
                    "settled_at": moment if state is DeliveryState.SENT else None,
                    "relay": f"relay {number}" if number % 2 else None,
                    "reply": f"250 “{number}”" if number % 4 else None,
                    "run": 1 + number % 2,
                }


def old_ledger(folder: Path, url: str) -> None:
    """A database as version 0012 left it, with all these facts."""
    engine = connect(url, folder)
    config = Config()
    config.set_main_option("script_location", "pipeline.store:migrations")
    config.set_main_option("path_separator", "os")
    with engine.begin() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "0012")
        _fill(tx, list(facts()))
    engine.dispose()


def _fill(tx: Connection, rows: list[dict[str, Any]]) -> None:
    for number, (issue_id, out) in enumerate(RELEASED.items()):
        tx.execute(
            text(
                "INSERT INTO issue (id, guide, number, slot, released_at, path, guide_title,"
                " subject, lang, section_ids, frozen, headings, words) VALUES"
                " (:id, 'g', :number, :slot, :out, :path, 'g', 's', 'en', 'x', '{}', 'h', 'w')"
            ),
            {
                "id": issue_id,
                "number": number,
                "path": f"g/{number}/",
                "slot": SLOTS[issue_id],
                "out": _bare(out),
            },
        )
    for row in rows:
        who = {"id": row["subscriber_id"], "to": f"u{row['subscriber_id']}", "now": _bare(NOW)}
        tx.execute(
            text(
                "INSERT INTO subscriber (id, address, address_key, status, created_at)"
                " VALUES (:id, 'u', :to, 'active', :now)"
            ),
            who,
        )
        for table, columns, values in (
            ("bounce", "digest, kind", ":to, 'hard'"),
            ("event", "kind, guide", "'bounced', 'g'"),
        ):
            tx.execute(
                text(
                    f"INSERT INTO {table} (subscriber_id, issue_id, at, {columns})"  # noqa: S608 -- ours
                    f" VALUES (:id, :issue, :now, {values})"
                ),
                who | {"issue": row["issue_id"]},
            )
    names = ", ".join(rows[0])
    given = ", ".join(f":{name}" for name in rows[0])
    tx.execute(
        text(f"INSERT INTO delivery ({names}) VALUES ({given})"),  # noqa: S608 -- ours
        [row | {name: _bare(row[name]) for name in TIMES} for row in rows],
    )


def _bare(moment: datetime | None) -> str | None:
    """As SQLite keeps it, and PostgreSQL understands it."""
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def is_whole(store: Store) -> bool:
    """Whether a store holds all these facts, and what had to do with them."""
    with store.read() as tx:
        for one in facts():
            key = one["issue_id"], one["subscriber_id"]
            if deliveries.row(tx, *key) != one:
                return False
            (back,) = bounces.of_subscriber(tx, key[1])
            (happened,) = events.of_subscriber(tx, key[1])
            if {back.issue_id, happened.issue_id} != {key[0]}:
                return False
        count = tx.execute(text("SELECT count(*) FROM delivery")).scalar()
    return count == len(list(facts()))


@contextmanager
def upgraded(folder: Path, url: str) -> Iterator[Store]:
    """The old ledger, opened by this Partwork."""
    old_ledger(folder, url)
    opened = open_store(StoreOptions(url), folder)
    yield opened
    opened.close()


def test_an_upgrade_keeps_every_fact(tmp_path: Path, database_url: str) -> None:
    """Whatever was planned, tried, settled or came back is there after it, to the microsecond."""
    with upgraded(tmp_path, database_url) as store:
        assert is_whole(store)
        with store.read() as tx:
            listed = listing.deliveries(tx, ("", 0), 99)
            repeated = text("SELECT count(*) FROM delivery WHERE slot IS NOT NULL")
            assert tx.execute(repeated).scalar() == 24 + 1
        assert [(one.issue_id, one.subscriber_id) for one in listed] == [
            (one["issue_id"], one["subscriber_id"]) for one in facts()
        ]
        assert listed[0].planned_at == NOW


def test_a_ledger_that_was_upgraded_is_guarded(tmp_path: Path, database_url: str) -> None:
    """No delivery in an unknown state, in an unknown mode, of no issue, or twice."""
    with upgraded(tmp_path, database_url) as store:
        one = (
            "INSERT INTO delivery (issue_key, subscriber_id, mode, state)"
            " VALUES (:key, :who, :mode, :state)"
        )
        for key, who, mode, state in (
            (1, 20, "live", "lost"),
            (1, 20, "now", "sent"),
            (None, 20, "live", "sent"),
            (1, 1, "live", "sent"),
        ):
            with pytest.raises(IntegrityError), store.write() as tx:
                tx.execute(text(one), {"key": key, "who": who, "mode": mode, "state": state})


@pytest.mark.parametrize("statements", [1, 2, 4, 7, 10, 14, 18, 22])
def test_an_upgrade_of_the_ledger_that_is_killed_loses_nothing(
    tmp_path: Path, statements: int
) -> None:
    """Killed between any two of its steps, it is done by the next one."""
    old_ledger(tmp_path, SQLITE)
    with_kill = [sys.executable, "-c", KILLED, str(tmp_path), str(statements)]
    killed = subprocess.run(with_kill, cwd=Path(__file__).parents[2], check=False)  # noqa: S603 -- ourselves
    assert killed.returncode == -signal.SIGKILL
    opened = open_store(StoreOptions(), tmp_path)
    assert is_whole(opened)
    opened.close()


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    """A new database of each kind."""
    opened = open_store(StoreOptions(database_url), tmp_path)
    yield opened
    opened.close()


def test_what_is_the_issues_is_read_from_it(store: Store) -> None:
    """Live deliveries have the slot and the moment of their issue, drips those of their own."""
    live, drip = reader(store, "live"), reader(store, "drip", mode=Mode.DRIP)
    one, later = issue(1), NOW + timedelta(days=3)
    with store.write() as tx:
        issues.add(tx, one, _text(one, "Why", "Sleep well"))
        plans.snapshot(tx, Planned(one.id, one.guide, NOW, NOW), "", None)
        plans.plan_drip(tx, one.id, drip, DripPlan(OUT, later))
        found = [deliveries.row(tx, one.id, who) for who in (live, drip)]
        assert deliveries.issues_of(tx, drip) == ((one.id, 1),)
        assert [each["planned_at"] for each in deliveries.of_subscriber(tx, live)] == [NOW]
        assert {each.planned_at for each in listing.deliveries(tx, ("", 0), 9)} == {NOW, later}
        (released,) = deliveries.releases_of(tx, drip, one.guide)
    assert [(row["slot"], row["planned_at"]) for row in found if row is not None] == [
        (one.slot.key, NOW),
        (OUT, later),
    ]
    assert (released.slot.key, released.released_at) == (OUT, later)


def test_what_is_planned_is_counted(store: Store) -> None:
    """A plan says how many rows it added; said again, none."""
    reader(store, "live")
    drip, one = reader(store, "drip", mode=Mode.DRIP), issue(1)
    plan = Planned(one.id, one.guide, NOW, NOW)
    with store.write() as tx:
        issues.add(tx, one, _text(one, "Why", "Sleep well"))
        counts = [
            (
                plans.snapshot(tx, plan, "", None),
                plans.plan_drip(tx, one.id, drip, DripPlan(OUT, NOW)),
            )
            for _ in range(2)
        ]
    assert counts == [(1, 1), (0, 0)]


def test_nothing_is_planned_of_or_for_what_is_not_there(store: Store) -> None:
    """No reader, no delivery; no issue, and the plan is refused."""
    mine, one = reader(store, "a"), issue(1)
    with store.write() as tx:
        issues.add(tx, one, _text(one, "Why", "Sleep well"))
        assert plans.plan_drip(tx, one.id, mine + 1, DripPlan(OUT, NOW)) == 0
        assert deliveries.account(tx, one.id) == {}
    with pytest.raises(IntegrityError), store.write() as tx:
        plans.plan_drip(tx, "tag:example.org,2026:none", mine, DripPlan(OUT, NOW))
    nothing = Planned("tag:example.org,2026:none", one.guide, NOW, NOW)
    with pytest.raises(IntegrityError), store.write() as tx:
        plans.snapshot(tx, nothing, "", None)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
def test_what_is_claimed_is_what_was_written(store: Store, name: str) -> None:
    """Any name, and when it was first tried, to the microsecond: both databases say the same."""
    mine, one = reader(store, "a"), issue(1)
    began, again = NOW + timedelta(microseconds=7), NOW + timedelta(hours=1)
    with store.write() as tx:
        tx.execute(text("DELETE FROM delivery"))
        if issues.by_id(tx, one.id) is None:
            issues.add(tx, one, _text(one, "Why", "Sleep well"))
        tx.execute(text("UPDATE subscriber SET name = :name"), {"name": name})
        plans.snapshot(tx, Planned(one.id, one.guide, NOW, NOW), "", None)
        (first,) = claims.claim(tx, began, Claim("x", {one.id}, "", 9))
        leases.settle(
            tx, [Settled(one.id, mine, DeliveryState.DEFERRED, "", NOW, again)], lease="x"
        )
        (second,) = claims.claim(tx, again, Claim("y", {one.id}, "", 9))
    assert (first.first_tried_at, second.first_tried_at) == (None, began)
    assert (first.delivery.name, first.delivery.attempts) == (name, 1)
    assert second == first._replace(
        delivery=first.delivery._replace(attempts=2), first_tried_at=began
    )


def test_issues_are_numbered_as_they_come(store: Store) -> None:
    """Each release has the next key, and its deliveries are listed in that order."""
    mine = reader(store, "mine")
    made = [issue(number, guide) for number, guide in ((1, "z"), (1, "m"), (1, "a"))]
    with store.write() as tx:
        for one in made:
            issues.add(tx, one, _text(one, "Why", "Sleep well"))
            plans.plan_drip(tx, one.id, mine, DripPlan(OUT, NOW))
        keys = tx.execute(text("SELECT id, key FROM issue ORDER BY key")).all()
        first = listing.deliveries(tx, ("", 0), 2)
        rest = listing.deliveries(tx, (first[-1].issue_id, mine), 2)
    assert [(one, key) for one, key in keys] == [(one.id, n) for n, one in enumerate(made, 1)]
    assert [one.issue_id for one in first + rest] == [one.id for one in made]


def test_each_hour_is_planned_for_its_own(store: Store) -> None:
    """Who names an hour is planned for it in their zone; who names none, at once in any zone."""
    ids = {name: reader(store, name) for name in ("none", "zone", "tokyo", "rome")}
    wishes = {"zone": ("Asia/Tokyo", None), "tokyo": ("Asia/Tokyo", 7), "rome": ("Europe/Rome", 7)}
    one = issue(1)
    with store.write() as tx:
        for name, (zone, hour) in wishes.items():
            wish = {"zone": zone, "hour": hour, "id": ids[name]}
            tx.execute(
                text("UPDATE subscriber SET zone = :zone, hour = :hour WHERE id = :id"), wish
            )
        issues.add(tx, one, _text(one, "Why", "Sleep well"))
        times = plans.local_times(tx)
        assert times == (("", None), ("Asia/Tokyo", 7), ("Europe/Rome", 7))
        plan = Planned(one.id, one.guide, NOW, NOW)
        assert [plans.snapshot(tx, plan, zone, hour) for zone, hour in times] == [2, 1, 1]


def test_a_million_rows_are_not_read_for_some(tmp_path: Path) -> None:
    """Whatever a sender asks in mid-issue takes an index on SQLite, never the whole table."""
    store = open_store(StoreOptions(), tmp_path)
    mine, one = reader(store, "a"), issue(1)
    with store.write() as tx:
        issues.add(tx, one, _text(one, "Why", "Sleep well"))
        plans.snapshot(tx, Planned(one.id, one.guide, NOW, NOW), "", None)
    with heard() as said:
        _a_pass(store, one.id, mine)
        _questions(store, mine)
    with store.read() as tx:
        ways = {
            statement: _plan(tx, statement, values)
            for statement, values in said
            if "delivery" in statement
        }
    store.close()
    assert len(ways) >= 10
    assert [found for found in ways.items() if "SCAN delivery" in found[1]] == []
    planned = [plan for statement, plan in ways.items() if statement.startswith("INSERT")]
    assert any("USING INDEX ix_subscriber_hour" in step for step in planned[0])
    assert any("USING COVERING INDEX ix_subscription_audience" in step for step in planned[1])
    settled = [plan for statement, plan in ways.items() if "json_each" in statement]
    by_key = "SEARCH delivery USING PRIMARY KEY (issue_key=? AND subscriber_id=?)"
    assert all(by_key in plan for plan in settled)
    asked = [plan for statement, plan in ways.items() if "subscriber_id = ?" in statement]
    assert len(asked) >= 10
    assert all(by_key in plan for plan in asked)


def test_postgresql_takes_them_by_their_key(tmp_path: Path, postgres_url: str) -> None:
    """A claim, and what became of it, read no more of a large ledger than they change."""
    store = open_store(StoreOptions(postgres_url), tmp_path)
    mine, one = reader(store, "a"), issue(1)
    with store.write() as tx:
        issues.add(tx, one, _text(one, "Why", "Sleep well"))
        plans.snapshot(tx, Planned(one.id, one.guide, NOW, NOW), "", None)
        sent = (
            "INSERT INTO delivery (issue_key, subscriber_id, mode, state) SELECT issue.key, n,"
            " 'live', 'sent' FROM issue, generate_series(1000, 100000) AS n"
        )
        tx.execute(text(sent))
    with store.write() as tx:
        plans.learn_sizes(tx)
    with heard() as said, store.write() as tx:
        assert len(claims.claim(tx, NOW, Claim("x", {one.id}, "", 500))) == 1
        leases.settle(tx, [Settled(one.id, mine, DeliveryState.SENT, "", NOW)], lease="x")
    with store.write() as tx:
        ways = [
            "\n".join(row[0] for row in tx.exec_driver_sql(f"EXPLAIN {statement}", values))
            for statement, values in said
            if "delivery" in statement
        ]
    store.close()
    assert len(ways) == 3
    assert [way for way in ways if "Seq Scan on delivery" in way] == []


@contextmanager
def heard() -> Iterator[list[tuple[str, Any]]]:
    """What databases are told meanwhile: statements, and values of their first run."""
    said: list[tuple[str, Any]] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def keep(
        _tx: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool
    ) -> None:
        said.append((statement, values[0] if many else values))

    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", keep)


def _plan(tx: Connection, statement: str, values: Any) -> list[str]:
    return [str(row[3]) for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]


def _a_pass(store: Store, issue_id: str, subscriber_id: int) -> None:
    """What a sender asks and says from the first look to the last result."""
    with store.write() as tx:
        plans.snapshot(tx, Planned(issue_id, "sleep", NOW, NOW), "Asia/Tokyo", 7)
        plans.snapshot(tx, Planned(issue_id, "sleep", NOW, NOW), "", None)
        deliveries.next_due(tx)
        deliveries.due_issues(tx, NOW)
        deliveries.due_count(tx, NOW)
        deliveries.has_due(tx, NOW, 5)
        claims.destinations(tx, NOW, {issue_id})
        assert len(claims.claim(tx, NOW, Claim("x", {issue_id}, "", 500))) == 1
        leases.withdrawn(tx, ["x"])
        leases.renew(tx, ["x"], NOW)
        leases.standing(tx)
        leases.held(tx, "x")
        for state in (DeliveryState.DEFERRED, DeliveryState.SENT):
            leases.settle(tx, [Settled(issue_id, subscriber_id, state, "", NOW)], lease="x")


def _questions(store: Store, mine: int) -> None:
    """What is asked and said of one reader."""
    with store.write() as tx:
        deliveries.releases_of(tx, mine, "sleep")
        deliveries.issues_of(tx, mine)
        deliveries.of_subscriber(tx, mine)
        deliveries.drop_unwanted(tx, NOW, mine)
        listing.deliveries(tx, ("", 0), 9, subscriber_id=mine)
        subscriptions.received(tx, mine)
        subscriptions.is_under_way(tx, mine, "sleep")
        subscribers.leave(tx, mine, "sleep", NOW)
        subscriptions.come_back(tx, mine, "sleep", NOW, NOW)
        subscriptions.restart(tx, mine, "sleep")
        subscribers.erase(tx, mine)

"""store: what the database promises."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from pipeline.errors import StoreError
from pipeline.model import (
    CatchUp,
    Delivery,
    DeliveryState,
    FrontMatter,
    Issue,
    Lines,
    Mode,
    Paragraph,
    Part,
    Section,
    Slot,
    Strong,
    Subscriber,
    SubscriberStatus,
    Text,
)
from pipeline.store import (
    Store,
    StoreOptions,
    Transaction,
    claims,
    databases,
    deliveries,
    guides,
    issues,
    leases,
    open_store,
    plans,
    searching,
    subscribers,
)
from pipeline.store.claims import Claim
from pipeline.store.databases import connect
from pipeline.store.engine import HEAD
from pipeline.store.leases import Settled
from pipeline.store.plans import Planned
from pipeline.store.subscribers import Follow
from pipeline.store.tables import EVERY_GUIDE, metadata

NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    """A new database of each kind."""
    opened = open_store(StoreOptions(database_url), tmp_path)
    yield opened
    opened.close()


def issue(number: int = 1, guide: str = "sleep") -> Issue:
    """A frozen issue of a guide."""
    words = Paragraph((Text("Sleep "), Strong((Text("well"),))), Lines(3, 3))
    section = Section("Why", (words,), Lines(1, 3), "1", id=f"tag:{guide}:{number}")
    return Issue(
        id=section.id, guide=guide, guide_title="Sleep", number=number, of=3, subject="Why",
        lang="en", sections=(section,), words=2, released_at=NOW, updated_at=NOW,
        slot=Slot(datetime(2026, 3, 2 + 7 * number, 9), "Europe/Berlin"),  # noqa: DTZ001 -- local
        path=f"{guide}/{number}-why/", zone="Europe/Berlin",
    )  # fmt: skip


def person(name: str, hour: int | None = None) -> Subscriber:
    """An active subscriber who is not stored yet."""
    return Subscriber(0, f"{name}@example.org", SubscriberStatus.ACTIVE, NOW, hour=hour)


def reader(store: Store, name: str, guide: str = "sleep", mode: Mode = Mode.LIVE) -> int:
    """The id of a stored subscriber who follows a guide."""
    with store.write() as tx:
        found, _ = subscribers.put(tx, person(name))
        subscribers.follow(tx, found, Follow(guide, mode))
    return found


def _text(one: Issue, headings: str, words: str) -> issues.IssueText:
    """What the ranking is to know of an issue."""
    return issues.IssueText(
        one.id, one.path, one.guide, one.guide_title, one.subject, one.lang, headings, words, b"\0t"
    )


def released(store: Store, number: int = 1) -> Issue:
    """An issue in the ledger, with its live audience planned."""
    one = issue(number)
    with store.write() as tx:
        issues.add(tx, one, _text(one, "Why", "Sleep well"))
        plans.snapshot(tx, Planned(one.id, one.guide, NOW, NOW), "", None)
    return one


def claim(
    tx: Transaction, one: Issue, *, lease: str = "x", limit: int = 9, now: datetime = NOW
) -> list[Delivery]:
    """What a claim among one issue's deliveries gives."""
    wanted = Claim(lease, {one.id}, "", limit)
    return [each.delivery for each in claims.claim(tx, now, wanted)]


def test_migrations_make_what_the_tables_say(store: Store) -> None:
    """After all migrations the database differs in nothing from the tables in the code."""
    known = {
        "include_name": lambda name, *_: not str(name).startswith(("issue_search", "ix_issue_s"))
    }
    with store.read() as tx:
        found = compare_metadata(MigrationContext.configure(tx, opts=known), metadata)
    differing = [one for one in found if "modify_comment" not in str(one)]  # they are for us
    assert differing == []


def test_head_is_the_newest_migration() -> None:
    """The version that `open_store` asks for is that of the last script."""
    config = Config()
    config.set_main_option("script_location", "pipeline.store:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def older(folder: Path, version: str) -> Path:
    """A database as an earlier Partwork left it, with a reader."""
    path = folder / "var" / "partwork.db"
    engine = connect(StoreOptions().url, folder)
    config = Config()
    config.set_main_option("script_location", "pipeline.store:migrations")
    config.set_main_option("path_separator", "os")
    with engine.begin() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, version)
        tx.execute(
            text(
                "INSERT INTO subscriber (address, address_key, name, lang, zone, status,"
                " created_at) VALUES (:to, :to, '', 'en', 'UTC', 'active', :now)"
            ),
            {"to": "reader@example.org", "now": "2026-03-09 08:00:00.000000"},
        )
    engine.dispose()
    return path


KILLED = """
import os, pathlib, signal, sys
from sqlalchemy import Engine, event
from pipeline.store import StoreOptions, open_store
left = int(sys.argv[2])
@event.listens_for(Engine, "after_cursor_execute")
def count(_connection, _cursor, statement, *_):
    global left
    left -= statement.startswith(("CREATE", "ALTER", "UPDATE", "INSERT", "DROP", "DELETE"))
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
open_store(StoreOptions(), pathlib.Path(sys.argv[1])).close()
"""


@pytest.mark.parametrize("statements", [1, 4, 9])
def test_an_upgrade_that_is_killed_rolls_back(tmp_path: Path, statements: int) -> None:
    """The next one begins where the last version was, and has it all; a copy of that is kept."""
    path = older(tmp_path, "0005")
    with_kill = [sys.executable, "-c", KILLED, str(tmp_path), str(statements)]
    killed = subprocess.run(with_kill, cwd=Path(__file__).parents[2], check=False)  # noqa: S603 -- ourselves
    assert killed.returncode == -signal.SIGKILL
    with open_store(StoreOptions(), tmp_path).read() as tx:
        assert tx.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD
        assert subscribers.by_address(tx, "reader@example.org") is not None
    copy = path.with_name("partwork.db.0005")
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("SELECT version_num FROM alembic_version").fetchone() == ("0005",)
        assert kept.execute("SELECT address FROM subscriber").fetchone() == ("reader@example.org",)


def test_commits_are_durable(tmp_path: Path) -> None:
    """WAL, and a sync at every commit: what was committed survives a power cut."""
    with open_store(StoreOptions(), tmp_path).read() as tx:
        assert tx.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert tx.execute(text("PRAGMA synchronous")).scalar() == 2


def test_many_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    """Of several processes one makes the tables; the others find them made."""
    program = (
        "import sys, pathlib\nfrom pipeline.store import StoreOptions, open_store\n"
        "open_store(StoreOptions(), pathlib.Path(sys.argv[1])).close()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    several = [
        subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.PIPE)  # noqa: S603 -- ourselves
        for _ in range(3)
    ]
    assert [one.communicate()[1] for one in several] == [b"", b"", b""]
    assert [one.returncode for one in several] == [0, 0, 0]


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """A database that a newer Partwork wrote is not touched; the refusal says what to do."""
    opened = open_store(StoreOptions(), tmp_path)
    with opened.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    opened.close()
    with pytest.raises(StoreError, match=r"of version 9999.*use the Partwork that wrote it"):
        open_store(StoreOptions(), tmp_path)


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/x"])
def test_a_url_that_leads_nowhere_is_told(tmp_path: Path, url: str) -> None:
    """A store URL that cannot be used names the setting."""
    with pytest.raises(StoreError, match=r"\[store\] url"):
        open_store(StoreOptions(url), tmp_path)


def test_the_database_is_private(tmp_path: Path) -> None:
    """Its file is 0600 and its folder 0700."""
    open_store(StoreOptions(), tmp_path).close()
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "var/partwork.db").stat().st_mode & 0o777 == 0o600


def test_a_writer_sees_no_other_writer(store: Store) -> None:
    """Two writers that read and then write do it one after the other: no count is lost."""
    with store.write() as tx:
        tx.execute(text("CREATE TABLE tally (n INTEGER)"))
        tx.execute(text("INSERT INTO tally VALUES (0)"))

    def add() -> None:
        for _ in range(25):
            with store.write() as tx:
                found = tx.execute(text("SELECT n FROM tally")).scalar_one()
                tx.execute(text("UPDATE tally SET n = :n"), {"n": found + 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert tx.execute(text("SELECT n FROM tally")).scalar() == 100


def fall_silent(store: Store) -> None:
    """Say nothing within a transaction until somebody else has written."""
    with store.write() as tx:
        subscribers.put(tx, person("mira"))
        with store.write() as other:
            subscribers.put(other, person("tom"))
        subscribers.put(tx, person("mira"))


def test_postgresql_waits_for_no_writer_that_says_nothing(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was stopped within a transaction, or whose machine is gone, keeps nobody from writing.

    Nothing of theirs stays, and they are told; who reads may take their time.
    """
    monkeypatch.setattr(databases, "SILENT_SECONDS", 0.2)
    store = open_store(StoreOptions(postgres_url), tmp_path)
    with store.read() as slow:
        assert not subscribers.known_keys(slow, ["mira@example.org"])
        with pytest.raises(StoreError, match="stopped within a transaction"):
            fall_silent(store)
        assert not subscribers.known_keys(slow, ["tom@example.org"])
    with store.read() as tx:
        found = subscribers.known_keys(tx, ["mira@example.org", "tom@example.org"])
        assert found == {"tom@example.org"}
    store.close()


def test_a_frozen_issue_thaws_equal(store: Store) -> None:
    """What is read from the ledger is the issue that was written, blocks and all."""
    one = released(store)
    with store.read() as tx:
        assert issues.by_id(tx, one.id) == one
        assert issues.of_guide(tx, "sleep") == (one,)
        assert issues.section_ids(tx, "sleep") == {one.id}
        assert [(r.number, r.slot) for r in issues.releases(tx)["sleep"]] == [(1, one.slot)]


def test_a_slot_is_used_once(store: Store) -> None:
    """The ledger refuses a second issue of a guide in one slot, and a second of one number."""
    one = released(store)
    with pytest.raises(IntegrityError), store.write() as tx:
        issues.add(tx, one, _text(one, "", ""))


def test_what_the_ranking_knows_is_kept(store: Store) -> None:
    """Texts come back as given, oldest first; terms can be counted anew without the rest."""
    first, second = released(store), released(store, 2)
    with store.write() as tx:
        texts = list(issues.texts(tx))
        assert texts == [_text(one, "Why", "Sleep well") for one in (first, second)]
        issues.keep_terms(tx, {second.id: b"new"})
        issues.keep_terms(tx, {})
        assert [one.terms for one in issues.texts(tx)] == [b"\0t", b"new"]


def test_a_guide_keeps_its_start(store: Store) -> None:
    """Saving a guide again changes what it says, never when its run began."""
    front = FrontMatter("sleep", "Sleep")
    part = Part(1, 1, "Why", issue().sections, 2)
    known = guides.Known("{}", "d")
    with store.write() as tx:
        assert guides.save(tx, front, (part,), known, NOW)
        assert not guides.save(tx, front, (part,), known, NOW + HOUR)
        assert guides.save(tx, FrontMatter("sleep", "Sleep well"), (part,), known, NOW + HOUR)
        known = guides.Known("{}", "e")
        assert guides.save(tx, FrontMatter("sleep", "Sleep well"), (part,), known, NOW + HOUR)
        assert guides.resume(tx, "sleep", CatchUp.ALL, NOW)
        assert not guides.resume(tx, "nosuch", CatchUp.ALL, NOW)
        record = guides.records(tx)["sleep"]
    assert (record.front.title, record.started_at) == ("Sleep well", NOW)
    assert (record.catch_up, record.resumed_at) == (CatchUp.ALL, NOW)


def test_one_person_is_one_row(store: Store) -> None:
    """The domain's case does not make a second person, the local part's does."""
    with store.write() as tx:
        first, is_new = subscribers.put(tx, person("News"))
        again, is_new_again = subscribers.put(
            tx, Subscriber(0, "News@EXAMPLE.org", SubscriberStatus.ACTIVE, NOW)
        )
        other, _ = subscribers.put(tx, person("news"))
    assert (is_new, is_new_again) == (True, False)
    assert first == again != other


def test_every_guide_means_those_to_come(store: Store) -> None:
    """Who follows every guide follows one that appears later, but not one they have left."""
    mine = reader(store, "all", EVERY_GUIDE)
    with store.write() as tx:
        assert subscribers.audience(tx, "sleep") == 1
        subscribers.follow_every(tx, ["sleep"])
        subscribers.follow_every(tx, ["sleep"])
        assert subscribers.audience(tx, "sleep") == 1
        assert subscribers.leave(tx, mine, "sleep", NOW)
        subscribers.follow_every(tx, ["sleep"])
        assert subscribers.audience(tx, "sleep") == 0
        assert subscribers.audience(tx, "mood") == 1


def test_a_snapshot_is_taken_once(store: Store) -> None:
    """Planning an issue's deliveries a second time adds none; who joins later is not in it."""
    reader(store, "early")
    one = released(store)
    reader(store, "late")
    with store.write() as tx:
        plan = Planned(one.id, one.guide, NOW, NOW)
        assert plans.snapshot(tx, plan, "", None) == 1  # the late one, not the early again
        assert plans.snapshot(tx, plan, "", None) == 0


def test_a_claim_is_nobody_elses(store: Store) -> None:
    """What one sender has claimed no other gets, until it is settled or given back."""
    for name in ("a", "b", "c"):
        reader(store, name)
    one = released(store)
    with store.write() as tx:
        first = claim(tx, one, lease="x", limit=2)
        second = claim(tx, one, lease="y")
        given_back = [
            Settled(one.id, each, DeliveryState.PENDING, "", NOW, is_untried=True)
            for _, each, _ in leases.held(tx, "x")
        ]
        leases.settle(tx, given_back, lease="x")
        third = claim(tx, one, lease="z")
    assert [len(first), len(second), len(third)] == [2, 1, 2]
    assert {d.subscriber_id for d in first} == {d.subscriber_id for d in third}
    assert {d.attempts for d in third} == {1}


def test_who_left_is_not_mailed(store: Store) -> None:
    """Leaving cancels what is planned; the row stays and says so."""
    stays, leaves = reader(store, "stays"), reader(store, "leaves")
    one = released(store)
    with store.write() as tx:
        subscribers.leave(tx, leaves, "sleep", NOW)
        assert [d.subscriber_id for d in claim(tx, one)] == [stays]
        assert deliveries.accounts(tx)[one.id] == {"cancelled": 1, "leased": 1}


def test_a_settled_row_says_why(store: Store) -> None:
    """A deferred row is due again at its time, a sent one never; a lost lease settles nothing."""
    ids = [reader(store, name) for name in ("a", "b")]
    one = released(store)
    with store.write() as tx:
        claim(tx, one, lease="x")
        sent = Settled(one.id, ids[0], DeliveryState.SENT, "250 ok", NOW)
        later = Settled(one.id, ids[1], DeliveryState.DEFERRED, "451 later", NOW, NOW + HOUR)
        leases.settle(tx, [sent, later], lease="somebody else")
        assert deliveries.accounts(tx)[one.id] == {"leased": 2}
        leases.settle(tx, [sent, later], lease="x")
        assert claim(tx, one) == []
        again = claim(tx, one, now=NOW + HOUR)
    assert [(d.subscriber_id, d.attempts) for d in again] == [(ids[1], 2)]


def test_who_may_not_be_mailed_is_told_from_who_left(store: Store) -> None:
    """An address that is suppressed after the snapshot is not claimed; its row says why."""
    gone = reader(store, "gone")
    one = released(store)
    with store.write() as tx:
        subscribers.suppress(tx, gone)
        assert claim(tx, one) == []
        assert deliveries.accounts(tx)[one.id] == {"suppressed": 1}


def test_leaving_is_seen_under_way(store: Store) -> None:
    """What is leased and not wanted any more is told to whoever has leased it."""
    ids = [reader(store, name) for name in ("a", "b")]
    one = released(store)
    with store.write() as tx:
        claim(tx, one, lease="x")
        assert leases.withdrawn(tx, ["x"]) == frozenset()
        subscribers.leave(tx, ids[0], "sleep", NOW)
        assert leases.withdrawn(tx, ["x"]) == {(one.id, ids[0])}
        assert leases.withdrawn(tx, ["y"]) == frozenset()
        deliveries.pause(tx, one.id, "wait")
        assert leases.withdrawn(tx, ["x"]) == {(one.id, each) for each in ids}


def test_what_was_uncertain_is_settled_by_who_had_it(store: Store) -> None:
    """A row taken over as uncertain becomes sent when its first sender knows; never less."""
    ids = [reader(store, name) for name in ("a", "b")]
    one = released(store)
    with store.write() as tx:
        claim(tx, one, lease="x")
        lost = [Settled(one.id, each, DeliveryState.UNCERTAIN, "gone", NOW) for each in ids]
        leases.settle(tx, lost, lease="x")
        sent = Settled(one.id, ids[0], DeliveryState.SENT, "250 ok", NOW)
        later = Settled(one.id, ids[1], DeliveryState.DEFERRED, "451 later", NOW, NOW + HOUR)
        leases.settle(tx, [sent, later], lease="y")
        assert deliveries.accounts(tx)[one.id] == {"uncertain": 2}
        leases.settle(tx, [sent, later], lease="x")
        assert deliveries.accounts(tx)[one.id] == {"sent": 1, "uncertain": 1}


def test_a_pause_holds_what_waits(store: Store) -> None:
    """A paused issue has nothing due; resumed it has all that waited."""
    reader(store, "a")
    one = released(store)
    with store.write() as tx:
        assert deliveries.pause(tx, one.id, "wait") == 1
        assert deliveries.due_issues(tx, NOW) == ()
        assert claim(tx, one) == []
        assert deliveries.resume(tx, one.id, NOW) == 1
        assert deliveries.due_issues(tx, NOW) == ((one.id, Mode.LIVE),)
        assert len(claim(tx, one)) == 1


def test_a_claim_is_for_one_group_of_domains(store: Store) -> None:
    """Groups are told apart when deliveries are planned; a claim of one leaves the others."""
    for name in ("a", "b"):
        reader(store, name)
    one = issue(1)
    with store.write() as tx:
        issues.add(tx, one, _text(one, "Why", "Sleep well"))
        plan = Planned(one.id, one.guide, NOW, NOW, {"example.org": "some"})
        plans.snapshot(tx, plan, "", None)
        assert claims.destinations(tx, NOW, {one.id}) == ("some",)
        assert claim(tx, one) == []
        assert len(claims.claim(tx, NOW, Claim("x", {one.id}, "some", 9))) == 2
        assert leases.standing(tx) == {"x": NOW}
        leases.renew(tx, ["x"], NOW + HOUR)
        assert leases.standing(tx) == {"x": NOW + HOUR}


def test_only_drips_that_are_due_are_looked_at(store: Store) -> None:
    """A drip is looked at when it is new or its time has come, never when finished."""
    mine = reader(store, "d", mode=Mode.DRIP)
    with store.write() as tx:
        (found,) = subscribers.due_drips(tx, NOW)
        assert found[1].id == mine
        subscribers.advance(tx, found[0].id, NOW, NOW + HOUR)
        assert list(subscribers.due_drips(tx, NOW)) == []
        ((again, _),) = subscribers.due_drips(tx, NOW + HOUR)
        assert again.started_at == NOW
        subscribers.advance(tx, found[0].id, NOW, None)
        assert list(subscribers.due_drips(tx, NOW + 99 * HOUR)) == []


def test_an_idle_transaction_leaves_the_file(tmp_path: Path) -> None:
    """A writer that finds nothing to write changes no byte of the database."""
    opened = open_store(StoreOptions(), tmp_path)
    reader(opened, "a")
    opened.close()
    before = (tmp_path / "var/partwork.db").read_bytes()
    opened = open_store(StoreOptions(), tmp_path)
    with opened.write() as tx:
        subscribers.follow_every(tx, ["sleep"])
        deliveries.drop_unwanted(tx, NOW, 1)
    opened.close()
    assert (tmp_path / "var/partwork.db").read_bytes() == before


def test_what_is_out_is_found(store: Store) -> None:
    """By all its words, in any case, the last one only begun; edits are known at once."""
    first, second = issue(1), issue(2)
    with store.write() as tx:
        issues.add(tx, first, _text(first, "Why", "Slow waves repair; the café never sleeps."))
        issues.add(tx, second, _text(second, "How", "Waves of the sea."))

    def found(said: str, without: tuple[str, ...] = ()) -> list[int]:
        with store.read() as tx:
            return [one.number for one in searching.search(tx, said, without)]

    assert found("waves") == [1, 2] or found("waves") == [2, 1]
    assert found("REPAIR wav") == [1]
    assert found("sea waves") == [2]
    assert found("nothing such") == []
    assert found("waves", (first.guide,)) == []
    with store.write() as tx:
        issues.revise(tx, second, _text(second, "How", "Dunes of the desert."))
    assert found("waves") == [1]
    assert found("desert") == [2]


@pytest.mark.parametrize(
    "said",
    [
        "",
        '"',
        "'; DROP TABLE issue; --",
        "a* OR b",
        "%_%",
        "NEAR(",
        "& | !",
        "\u0000",
        "x" * 5000,
        "-",
        "(:*)",
    ],
)
def test_a_question_is_words_and_nothing_else(store: Store, said: str) -> None:
    """Signs that mean something to a database mean nothing here (W22)."""
    with store.read() as tx:
        assert searching.search(tx, said, ()) == ()


def test_an_excerpt_shows_where(store: Store) -> None:
    """The words that were looked for are marked in it."""
    one = issue(1)
    with store.write() as tx:
        issues.add(
            tx, one, _text(one, "Why", "Deep sleep: slow waves repair what the day wore out.")
        )
    with store.read() as tx:
        (hit,) = searching.search(tx, "waves", ())
    assert f"{searching.OPEN}waves{searching.CLOSE}" in hit.excerpt

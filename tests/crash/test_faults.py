"""Whatever fails, relay, disk, clock or another sender: each message is accounted for."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pipeline.store.databases import connect
from tests.crash.harness import Sink, Site, build, sink
from tests.crash.sender import Options, start
from tests.crash.sink import hash_of

PEOPLE = 400


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for this."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.005)


def check(site: Site, server: Sink, people: int = PEOPLE) -> None:
    """Everybody was served once, and the ledger says so."""
    assert set(server.accepted()) == site.audience
    assert set(server.accepted().values()) == {1}
    assert site.states() == {"sent": people}


@pytest.mark.parametrize("faults", ["greylist", "drop", "close", "slow"])
def test_a_relay_with_faults_gets_everything_once(tmp_path: Path, faults: str) -> None:
    """Greylisting, lost connections, 421 in mid-session, slow answers: delivered once each."""
    with sink(tmp_path / "sink", f"--faults={faults}") as server:
        site = build(tmp_path / "site", server.port, PEOPLE)
        for _ in range(30):
            site.finish()
            site.resolve(server)
            if site.states() == {"sent": PEOPLE}:
                break
            site.hurry()
        check(site, server)


def test_who_does_not_exist_is_refused_once(tmp_path: Path) -> None:
    """Three of a hundred addresses are refused for good: failed, suppressed, never tried again."""
    with sink(tmp_path / "sink", "--faults=refuse") as server:
        site = build(tmp_path / "site", server.port, PEOPLE)
        site.finish()
        site.hurry()
        site.finish()
        gone = {one for one in site.audience if hash_of(one.encode()) < 3}
        assert gone
        assert server.accepted().keys() == site.audience - gone
        assert site.states() == {"failed": len(gone), "sent": PEOPLE - len(gone)}


def test_two_senders_share_the_work(tmp_path: Path, database_url: str) -> None:
    """Two at once on one database: nobody is served twice, and both have something to do."""
    with sink(tmp_path / "sink", "--delay=5") as server:
        site = build(tmp_path / "site", server.port, 2 * PEOPLE, database_url)
        told = [tmp_path / "a", tmp_path / "b"]
        senders = [start(site.folder, Options(told=str(one))) for one in told]
        for one in senders:
            one.join()
        site.finish()
        check(site, server, 2 * PEOPLE)


def stop_between_transactions(pid: int, folder: Path, url: str) -> None:
    """Stop a process where it keeps nobody from writing: one in a transaction is waited for."""
    engine = connect(url, folder)
    while True:
        os.kill(pid, signal.SIGSTOP)
        with closing(engine.raw_connection()) as plain:
            if not _is_written(plain.cursor(), url):
                break
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.01)
    engine.dispose()


def _is_written(cursor: Any, url: str) -> bool:
    """Whether somebody else is in a transaction that keeps others from writing."""
    if url.startswith("sqlite"):
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        cursor.execute("ROLLBACK")
        return False
    cursor.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state <> 'idle' AND pid <> pg_backend_pid()"
    )
    return bool(cursor.fetchone()[0])


def test_a_stopped_sender_is_overtaken_and_does_no_harm(tmp_path: Path, database_url: str) -> None:
    """SIGSTOP past the lease: another sends the rest; woken up, the first sends nothing twice."""
    with sink(tmp_path / "sink", "--delay=5") as server:
        site = build(tmp_path / "site", server.port, PEOPLE, database_url)
        first = start(site.folder, Options(lease=1))
        until(lambda: len(server.accepted()) > 20)
        assert first.pid is not None
        stop_between_transactions(first.pid, site.folder, database_url)
        time.sleep(1.5)
        site.finish(Options(lease=1))
        os.kill(first.pid, signal.SIGCONT)
        first.join()
        site.finish()
        site.resolve(server)
        site.finish()
        check(site, server)


def test_a_sender_stopped_within_a_transaction_is_not_waited_for(
    tmp_path: Path, postgres_url: str
) -> None:
    """PostgreSQL undoes what it holds: another sends the rest, and nobody is served twice."""
    with sink(tmp_path / "sink", "--delay=5") as server:
        site = build(tmp_path / "site", server.port, PEOPLE, postgres_url)
        told = tmp_path / "told"
        first = start(
            site.folder,
            Options("mid_commit", told=str(told), deed=signal.SIGSTOP, silent=1.0, lease=1),
        )
        assert first.pid is not None
        until(lambda: _is_stopped(first.pid))
        time.sleep(1.5)
        site.finish(Options(lease=1))
        os.kill(first.pid, signal.SIGCONT)
        first.join()
        assert "this process was stopped within a transaction" in told.read_text()
        site.finish()
        site.resolve(server)
        site.finish()
        check(site, server)


def _is_stopped(pid: int | None) -> bool:
    """Whether a process was stopped by a signal."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_clock_that_is_set_does_no_harm(tmp_path: Path, jump: float) -> None:
    """An hour forward or back in mid-issue, beside a second sender: once each."""
    with sink(tmp_path / "sink", "--delay=5") as server:
        site = build(tmp_path / "site", server.port, 2 * PEOPLE)
        senders = [start(site.folder, Options(jump=step)) for step in (jump, 0.0)]
        for one in senders:
            one.join()
        site.resolve(server)
        site.hurry()
        site.finish()
        check(site, server, 2 * PEOPLE)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """What is in the folder, on a file system of its own."""
    kept = folder.with_name(f"{folder.name}.kept")
    shutil.copytree(folder, kept)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(mount, check=False, stderr=subprocess.DEVNULL)  # noqa: S603 -- ours
    if done.returncode:
        pytest.skip("LOUD: no file system can be mounted here, so that no disk is full")
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607 -- what was mounted


def fill(path: Path) -> None:
    """Take all the space there is."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_full_disk_stops_and_loses_nothing(tmp_path: Path) -> None:
    """A disk that is full in mid-issue ends the pass with one line; with space it goes on."""
    with sink(tmp_path / "sink", "--delay=2") as server:
        site = build(tmp_path / "site", server.port, 2 * PEOPLE)
        with small_disk(site.folder / "var", "8m"):
            sender = start(site.folder, Options(told=str(tmp_path / "told")))
            until(lambda: len(server.accepted()) > 20)
            filler = site.folder / "var" / "filler"
            fill(filler)
            sender.join()
            assert sender.exitcode == 0
            told = (tmp_path / "told").read_text()
            assert "full" in told or "No space" in told
            assert "free some disk space" in told
            assert len(server.accepted()) < 2 * PEOPLE
            filler.unlink()
            site.finish()
            site.resolve(server)
            site.finish()
            check(site, server, 2 * PEOPLE)


def test_a_read_only_database_is_noticed_before_anything_is_sent(
    tmp_path: Path, postgres_server: str
) -> None:
    """Where claims cannot be written no message leaves; the line says what to do."""
    from tests import postgres

    with sink(tmp_path / "sink") as server, postgres.database(postgres_server) as url:
        site = build(tmp_path / "site", server.port, 20, url)
        reader = url.replace("//partwork@", "//reader@")
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("CREATE ROLE reader LOGIN")
            admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        file = site.folder / "partwork.toml"
        file.write_text(file.read_text().replace(url, reader))
        site.finish(Options(told=str(tmp_path / "told")))
        assert "let this user read and write" in (tmp_path / "told").read_text()
        assert not server.accepted()
        file.write_text(file.read_text().replace(reader, url))
        site.finish()
        check(site, server, 20)
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("DROP OWNED BY reader")
            admin.execute("DROP ROLE reader")


def test_a_read_only_disk_is_noticed_before_anything_is_sent(tmp_path: Path) -> None:
    """The same on SQLite, whose file cannot be written."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, 20)
        with small_disk(site.folder / "var", "8m"):
            remount = ["mount", "-o", "remount,ro", str(site.folder / "var")]
            subprocess.run(remount, check=True)  # noqa: S603 -- ours
            sender = start(site.folder, Options(told=str(tmp_path / "told")))
            sender.join()
            assert not server.accepted()
            remount[2] = "remount,rw"
            subprocess.run(remount, check=True)  # noqa: S603 -- ours
            site.finish()
            check(site, server, 20)

"""Little room, other people's locks, backups in mid-issue, signals: nothing is lost or told."""

from __future__ import annotations

import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from pipeline import jobs, store
from pipeline.app import open_site
from pipeline.errors import StoreError
from pipeline.store import StoreOptions, databases, open_store
from tests.crash.harness import Sink, Site, build, sink
from tests.crash.sender import now, start
from tests.crash.test_faults import check, until

PEOPLE = 300


def within(kind: int, limit: int) -> Callable[[], None]:
    """Sets a limit in a child before it begins."""
    return lambda: resource.setrlimit(kind, (limit, limit))


@pytest.mark.parametrize(
    ("kind", "limit", "said"),
    [
        (resource.RLIMIT_FSIZE, 100_000, "ulimit -f"),
        (resource.RLIMIT_FSIZE, 2_000, "database: disk I/O error"),
        (resource.RLIMIT_NOFILE, 8, "ulimit -n"),
        (resource.RLIMIT_NOFILE, 20, ""),
        (resource.RLIMIT_DATA, 256 << 20, ""),
    ],
    ids=["100 kB files", "2 kB files", "8 files", "20 files", "256 MiB"],
)
def test_little_room_is_told_in_a_line(tmp_path: Path, kind: int, limit: int, said: str) -> None:
    """S04: what is too tight is named with what to do, no traceback; with room all is sent."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, 60)
        command = [sys.executable, "-m", "pipeline", "--site", str(site.folder), "run", "--once"]
        done = subprocess.run(  # noqa: S603 -- ours
            command, capture_output=True, text=True, check=False, preexec_fn=within(kind, limit)
        )
        told = done.stdout + done.stderr
        assert "Traceback" not in told
        assert said in told
        assert len(server.accepted()) == (0 if said else 60)
        site.hurry()
        site.finish()
        check(site, server, 60)


def test_a_backup_in_mid_issue_is_whole(tmp_path: Path) -> None:
    """S09: copies made while it goes out are sound, and their accounts add up."""
    with sink(tmp_path / "sink", "--delay=5") as server:
        site = build(tmp_path / "site", server.port, PEOPLE)
        sender = start(site.folder)
        until(lambda: len(server.accepted()) > 20)
        copies = [tmp_path / f"{n}.db" for n in range(4)]
        for one in copies:
            with (
                closing(sqlite3.connect(site.folder / "var" / "partwork.db")) as live,
                closing(sqlite3.connect(one)) as copy,
            ):
                live.backup(copy)
            time.sleep(0.05)
        sender.join()
        for one in copies:
            with closing(sqlite3.connect(one)) as plain:
                assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            opened = open_store(StoreOptions(f"sqlite:///{one}"), tmp_path)
            with opened.read() as tx:
                (states,) = store.deliveries.accounts(tx).values()
            opened.close()
            assert sum(states.values()) == PEOPLE
            assert states.get("pending", 0) + states.get("leased", 0) > 0
        site.finish()
        check(site, server, PEOPLE)


def test_a_lock_of_somebody_else_is_waited_for(tmp_path: Path) -> None:
    """S10: who holds the database for a while delays a pass, which then sends everything once."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, PEOPLE)
        began = time.monotonic()
        with held(site, seconds=2.0), open_site(site.folder) as app:
            assert jobs.deliver(app.desk, now()).sent == PEOPLE
            assert time.monotonic() - began > 1.5
        check(site, server, PEOPLE)


def test_a_lock_without_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S10: after a bounded wait a line says why nothing went; nothing is skipped by it."""
    monkeypatch.setattr(databases, "BUSY_SECONDS", 0.3)
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, PEOPLE)
        with (
            held(site, seconds=5.0),
            open_site(site.folder) as app,
            pytest.raises(StoreError, match="another process is writing"),
        ):
            jobs.tick(app.desk, now())
        assert server.accepted() == {}
        site.finish()
        check(site, server, PEOPLE)


class held:  # noqa: N801 -- a context manager
    """The database locked by somebody else, for so long, or until the end."""

    def __init__(self, site: Site, seconds: float) -> None:
        self._file, self._seconds = site.folder / "var" / "partwork.db", seconds
        self._is_held, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold)

    def _hold(self) -> None:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self._is_held.set()
            self._over.wait(self._seconds)
            other.execute("ROLLBACK")

    def __enter__(self) -> None:
        self._thread.start()
        self._is_held.wait()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def test_three_copies_under_signals(tmp_path: Path, database_url: str) -> None:
    """K08: one stopped and woken, one asked to end, one killed, again and again: once each."""
    with sink(tmp_path / "sink", "--delay=5") as server:
        site = build(tmp_path / "site", server.port, PEOPLE, database_url)
        for _ in range(3):
            senders = [start(site.folder) for _ in range(3)]
            before = server.size
            until(lambda: server.size > before or not any(one.is_alive() for one in senders))  # noqa: B023
            whiches = (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL)
            for one, which in zip(senders, whiches, strict=True):
                tell(one, which)
            time.sleep(0.1)
            tell(senders[0], signal.SIGCONT)
            for one in senders:
                one.join()
        site.finish()
        settle(site, server)
        check(site, server, PEOPLE)


def tell(process: BaseProcess, which: signal.Signals) -> None:
    """Send a signal to a process, unless it has ended."""
    with suppress(ProcessLookupError):
        if process.pid is not None:
            os.kill(process.pid, which)


def settle(site: Site, server: Sink) -> None:
    """Decide by the server's log what is uncertain, and send what is left."""
    site.resolve(server)
    site.finish()


def test_claims_come_first(tmp_path: Path) -> None:
    """S08: by the kernel's own record, a claim is on disk before the first text leaves."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, 20)
        log = tmp_path / "strace"
        calls = "trace=fsync,fdatasync,sendto,write,pwrite64,openat"
        command = ["strace", "-f", "-y", "-s", "64", "-e", calls, "-o", str(log)]
        if subprocess.run(["strace", "true"], capture_output=True, check=False).returncode:  # noqa: S607
            pytest.skip("LOUD: nothing can be traced here")
        sender = [sys.executable, "-m", "pipeline", "--site", str(site.folder), "run", "--once"]
        subprocess.run([*command, *sender], check=False, capture_output=True)  # noqa: S603 -- ours
        lines = log.read_text(errors="replace").splitlines()
        check(site, server, 20)
    journal = next(n for n, line in enumerate(lines) if ".journal" in line and "O_EXCL" in line)
    text = next(n for n, line in enumerate(lines) if re.search(r"sendto.*From: ", line))
    claims = [
        n
        for n, line in enumerate(lines)
        if journal < n < text and "sync(" in line and "partwork.db-wal" in line
    ]
    assert claims


def test_logs_know_nobody(tmp_path: Path) -> None:
    """P02: at the lowest level of all, no address, token or secret is written down."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, 20)
        program = (
            "import logging, sys, pathlib; logging.basicConfig(level=1, stream=sys.stderr)\n"
            "logging.getLogger('sqlalchemy.engine').setLevel(logging.INFO)\n"
            "from pipeline.app import open_site; from pipeline import jobs\n"
            "with open_site(pathlib.Path(sys.argv[1])) as app:\n"
            "    jobs.ask_to_join(app.desk, jobs.Wish('new@d1.example.org', guides=('water',)),"
            " '', app.desk.clock())\n"
            "    jobs.tick(app.desk, app.desk.clock())\n"
        )
        done = subprocess.run(  # noqa: S603 -- ours
            [sys.executable, "-c", program, str(site.folder)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert len(server.accepted()) == 21
    secret = (site.folder / "var" / "secret").read_text().strip()
    assert "sqlalchemy" in done.stderr  # the level is really that low
    assert not re.search(r"@(big|d\d+)\.example\.org", done.stderr)
    assert not re.search(r"/u/[\w.-]{20}", done.stderr)
    assert secret not in done.stderr

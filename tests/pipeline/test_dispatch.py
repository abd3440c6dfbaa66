"""Sending to real servers on the loopback: who gets what, how fast, and when not any more."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult

from pipeline import jobs, store
from pipeline.app import open_site
from pipeline.errors import UsageError
from pipeline.model import DeliveryState
from pipeline.store import StoreOptions, open_store
from tests import postgres
from tests.crash.harness import Site, build, sink
from tests.crash.sender import Options, now, start
from tests.ports import free_port


def configure(site: Site, old: str, new: str) -> None:
    """Change a line of the settings."""
    file = site.folder / "partwork.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def add_relay(site: Site, port: int, more: str = "") -> None:
    """Another relay beside those of a site."""
    said = f'[[relays]]\nhost = "127.0.0.1"\nport = {port}\n{more}\n[[destinations]]'
    configure(site, "[[destinations]]", said)


def run(site: Site, *command: str) -> str:
    """What a command prints."""
    words = [sys.executable, "-m", "pipeline", "--site", str(site.folder), *command]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout  # noqa: S603 -- ours


def test_a_relay_is_not_asked_for_more_than_its_rate(tmp_path: Path) -> None:
    """Thirty messages a second and no more, but for the first second's."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, 70)
        configure(site, f"port = {server.port}", f"port = {server.port}\nrate = 30")
        with open_site(site.folder) as app:
            began = time.monotonic()
            assert jobs.deliver(app.desk, now()).sent == 70
            took = time.monotonic() - began
    assert took > 1.2


def test_a_group_of_domains_holds_up_no_other(tmp_path: Path) -> None:
    """A group that takes one message a second is waited for; the others are served meanwhile."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, 30)
        configure(site, 'name = "big"', 'name = "big"\nrate = 1')
        with open_site(site.folder) as app:
            desk = replace(app.desk, longest_pass=timedelta(seconds=1.5))
            report = jobs.deliver(desk, now())
        arrived = server.accepted()
        assert report.is_unfinished
        assert sum(1 for one in arrived if "@big." not in one) == 10
        assert 1 <= sum(1 for one in arrived if "@big." in one) <= 4
        site.finish(Options())
        assert set(server.accepted()) <= site.audience


def test_the_next_relay_takes_over(tmp_path: Path) -> None:
    """Where one of two relays is dead the other gets everything; a line names the dead one."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, 200)
        configure(site, f"port = {server.port}", "port = 1")
        add_relay(site, server.port)
        with open_site(site.folder) as app:
            first = jobs.deliver(app.desk, now())
            second = jobs.deliver(app.desk, now())
            with app.desk.store.read() as tx:
                gate = store.throttles.gates(tx)["relay 127.0.0.1:1"]
        assert set(server.accepted()) == site.audience
    assert first.sent == 200
    assert any("127.0.0.1:1" in one for one in first.problems)
    assert (second.states, gate.strikes) == ({}, 1)
    assert gate.until is not None


def test_relays_share_by_weight(tmp_path: Path) -> None:
    """Of two relays that work, one of three times the weight gets three times as much."""
    with sink(tmp_path / "a", "--delay=2") as one, sink(tmp_path / "b", "--delay=2") as other:
        site = build(tmp_path / "site", one.port, 400)
        add_relay(site, other.port, "weight = 3")
        site.finish()
        shares = len(one.accepted()), len(other.accepted())
    assert sum(shares) == 400
    assert 60 <= shares[0] <= 160


def test_a_slow_relay_keeps_nothing_from_a_fast_one(tmp_path: Path) -> None:
    """Of two relays of the same weight, one that takes two seconds for each message gets few."""
    with sink(tmp_path / "a", "--delay=2000") as slow, sink(tmp_path / "b") as fast:
        site = build(tmp_path / "site", slow.port, 400)
        add_relay(site, fast.port)
        site.finish()
        shares = len(slow.accepted()), len(fast.accepted())
    assert sum(shares) == 400
    assert 0 < shares[0] < 40


def test_who_leaves_while_it_goes_out_gets_nothing(tmp_path: Path) -> None:
    """An unsubscribe during a large issue holds for every message that begins a second later."""
    with sink(tmp_path / "sink", "--delay=40") as server:
        site = build(tmp_path / "site", server.port, 600)
        sender = start(site.folder)
        while not server.accepted():
            time.sleep(0.01)
        with open_site(site.folder) as app, app.desk.store.write() as tx:
            for n in range(500, 600):
                found = store.subscribers.by_address(tx, _address(n))
                assert found is not None
                assert store.subscribers.leave(tx, found.id, "water", now())
        sender.join()
        late = {_address(n) for n in range(500, 600)} & set(server.accepted())
        assert late == set()
        assert site.states() == {"cancelled": 100, "sent": 500}


def _address(n: int) -> str:
    return f"u{n}@{'big' if n % 3 else f'd{n % 50}'}.example.org"


def test_pause_and_resume_repeat_nothing_and_skip_nothing(tmp_path: Path) -> None:
    """Ten times paused and resumed while it goes out: everybody once."""
    with sink(tmp_path / "sink", "--delay=10") as server:
        site = build(tmp_path / "site", server.port, 400)
        for _ in range(10):
            sender = start(site.folder)
            time.sleep(0.05)
            with open_site(site.folder) as app:
                jobs.pause_issue(app.desk, "water", 1, "wait")
                sender.join()
                assert jobs.deliver(app.desk, now()).states == {}
                assert jobs.status(app.desk, now()).accounts[0].paused == "wait"
                jobs.resume_issue(app.desk, "water", 1, now())
        site.finish()
        assert set(server.accepted().values()) == {1}
        assert set(server.accepted()) == site.audience


def test_content_that_is_refused_pauses_the_issue(tmp_path: Path) -> None:
    """When relays refuse what it says, the issue is paused before everybody is refused."""
    with sink(tmp_path / "sink", "--faults=dislike") as server:
        site = build(tmp_path / "site", server.port, 3000)
        with open_site(site.folder) as app:
            report = jobs.deliver(app.desk, now())
            assert any("paused" in one for one in report.problems)
            assert jobs.deliver(app.desk, now()).states == {}
        assert report.states[DeliveryState.FAILED] < 150
        assert site.states()["pending"] > 2700


def test_what_is_uncertain_is_shown_and_decided(tmp_path: Path) -> None:
    """`delivery list`, `why` and `resolve` tell of it; the accounts add up before and after."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, 20)
        sender = start(site.folder, Options(fail_point="after_dot", at=3))
        sender.join()
        site.finish()
        (state,) = {key for key in site.states() if key != "sent"}
        assert state == "uncertain"
        rows = json.loads(run(site, "delivery", "list", "--json"))
        assert len(rows) == site.states()["uncertain"]
        why = run(site, "delivery", "why", rows[0]["address"], "water", "1")
        assert "Nobody knows whether it arrived" in why
        log = tmp_path / "log"
        log.write_text("nothing of ours\n")
        with pytest.raises(subprocess.CalledProcessError):
            run(site, "delivery", "resolve", "--postfix-log", str(log))
        said = run(site, "delivery", "resolve", "--postfix-log", str(server.file))
        assert "taken as sent" in said
        site.finish()
        assert site.states() == {"sent": 20}
        assert set(server.accepted().values()) == {1}


def test_a_story_is_told_of_what_is_there(tmp_path: Path) -> None:
    """Nobody of that name and no such issue are said; an untold message has its verdict."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, 3)
        with open_site(site.folder) as app:
            told = jobs.story(app.desk, _address(0), "water", 1)
            assert (told.state, told.verdict) == ("pending", "It waits for a sender.")
            with pytest.raises(UsageError, match="nobody has the address"):
                jobs.story(app.desk, "x@example.org", "water", 1)
            with pytest.raises(UsageError, match="is not out"):
                jobs.story(app.desk, _address(0), "water", 2)


def test_a_site_moves_to_postgresql_and_back(tmp_path: Path, postgres_server: str) -> None:
    """Every row arrives, there and back; the site goes on with its issue where it was."""
    with sink(tmp_path / "sink") as server, postgres.database(postgres_server) as url:
        site = build(tmp_path / "site", server.port, 50)
        before = _rows(site.folder, "sqlite:///var/partwork.db")
        run(site, "store", "migrate", "--to", url)
        assert _rows(site.folder, url) == before
        configure(site, "sqlite:///var/partwork.db", url)
        with open_site(site.folder) as app:
            report = jobs.deliver(app.desk, now())
            person, is_new = jobs.subscribe(app.desk, jobs.Wish("new@example.org"), now())
        assert (report.sent, is_new, person.id) == (50, True, 51)
        run(site, "store", "migrate", "--to", "sqlite:///var/back.db")
        assert _rows(site.folder, "sqlite:///var/back.db") == _rows(site.folder, url)
        with pytest.raises(subprocess.CalledProcessError):
            run(site, "store", "migrate", "--to", "sqlite:///var/back.db")


def _rows(folder: Path, url: str) -> dict[str, list[tuple[object, ...]]]:
    from sqlalchemy import select

    from pipeline.store.tables import metadata

    opened = open_store(StoreOptions(url), folder)
    with opened.read() as tx:
        found = {
            table.name: sorted((tuple(row) for row in tx.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }
    opened.close()
    return found


class Refusing:
    """Lets nobody in, and counts who tried."""

    def __init__(self) -> None:
        self.tries = 0

    def __call__(self, *_: object) -> AuthResult:
        """No."""
        self.tries += 1
        return AuthResult(success=False, handled=False)


def test_a_login_that_is_refused_blames_nobody(tmp_path: Path) -> None:
    """After a try for each connection it ends; nobody failed, no attempt counts, it is told."""
    refusing = Refusing()
    port = free_port()
    server = Controller(
        Sink(), hostname="127.0.0.1", port=port, authenticator=refusing, auth_require_tls=False
    )
    server.start()
    try:
        site = build(tmp_path / "site", port, 50)
        (site.folder / "password").write_text("wrong\n")
        login = f'port = {port}\nusername = "news"\npassword_file = "password"'
        configure(site, f"port = {port}", login)
        with open_site(site.folder) as app:
            report = jobs.deliver(app.desk, now())
            again = jobs.deliver(app.desk, now())
            left = jobs.status(app.desk, now()).left_alone
            with app.desk.store.read() as tx:
                rows = store.deliveries.in_state(tx, DeliveryState.PENDING, 99)
    finally:
        server.stop()
    assert "login refused (535" in report.problems[0]
    assert "[smtp] username and password_file" in report.problems[0]
    assert (report.states, again.states) == ({}, {})
    assert {row["attempts"] for row in rows} == {0}
    assert len(rows) == 50
    assert list(left) == [f"relay 127.0.0.1:{port}"]
    assert 1 <= refusing.tries <= 8

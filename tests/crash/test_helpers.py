"""Several processes send one issue: nobody is forgotten or served twice, whichever of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline import jobs
from pipeline.app import open_site
from pipeline.app.helping import Process
from pipeline.errors import ConfigError
from pipeline.jobs import helpers
from pipeline.jobs.desk import Desk, Helper
from pipeline.model import DeliveryState
from tests.crash.harness import Sink, Site, build, sink
from tests.crash.sender import now
from tests.crash.test_faults import check, until

PEOPLE = 2_000


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Helpers come for an issue that tests can wait for."""
    monkeypatch.setattr(helpers, "MANY", 100)


def shared(site: Site, processes: int, more: str = "") -> Site:
    """The site, sent by so many processes."""
    file = site.folder / "partwork.toml"
    said = file.read_text().replace(
        "[smtp]", f"{more}\n[delivery]\nprocesses = {processes}\n[smtp]"
    )
    file.write_text(said)
    return site


def hired(desk: Desk) -> tuple[Desk, list[int]]:
    """The desk, and the process ids of all helpers that are begun from now on."""
    ids: list[int] = []

    def hire(longest: timedelta | None) -> Helper:
        assert desk.hire is not None
        found = desk.hire(longest)
        assert isinstance(found, Process)
        ids.append(found.program.pid)
        return found

    return replace(desk, hire=hire), ids


def test_several_processes_share_an_issue(tmp_path: Path, database_url: str) -> None:
    """Everybody is served once, the report counts all of it, and a helper did some of it."""
    with sink(tmp_path / "sink", "--delay=4") as server:
        site = shared(build(tmp_path / "site", server.port, PEOPLE, database_url), 2)
        with open_site(site.folder) as app:
            assert [one.connections for one in app.desk.transports] == [2]
            desk, ids = hired(app.desk)
            report = jobs.deliver(desk, now())
        assert (report.states, report.problems) == ({DeliveryState.SENT: PEOPLE}, ())
        assert len(ids) == 1
        check(site, server, PEOPLE)
        assert list((site.folder / "var" / "journal").glob("*.journal")) == []


@pytest.mark.parametrize("victim", ["helper", "parent"])
def test_who_is_killed_leaves_nothing_behind(tmp_path: Path, victim: str) -> None:
    """Kill -9 of either: the other goes on, the next pass settles what was begun."""
    with sink(tmp_path / "sink", "--delay=4") as server:
        site = shared(build(tmp_path / "site", server.port, PEOPLE), 2)
        if victim == "helper":
            with open_site(site.folder) as app:
                desk, ids = hired(app.desk)
                killer = threading.Thread(target=_kill_when, args=(ids, server))
                killer.start()
                report = jobs.deliver(desk, now())
                killer.join()
            assert any("another sender broke off" in one for one in report.problems)
            assert report.is_unfinished
        else:
            _killed_parent(site, server)
        until(lambda: not _alive(site))
        site.finish()
        site.resolve(server)
        site.finish()
        check(site, server, PEOPLE)


def _kill_when(ids: list[int], server: Sink) -> None:
    until(lambda: bool(ids) and len(server.accepted()) > 900)
    os.kill(ids[0], signal.SIGKILL)


def _killed_parent(site: Site, server: Sink) -> None:
    code = (
        "import sys, pathlib; from pipeline import jobs; from pipeline.app import open_site\n"
        "from pipeline.jobs import helpers; helpers.MANY = 100\n"
        "with open_site(pathlib.Path(sys.argv[1])) as app:\n"
        "    jobs.deliver(app.desk, app.desk.clock())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(site.folder)])  # noqa: S603 -- ours
    until(lambda: len(server.accepted()) > 900)
    parent.kill()
    parent.wait()


def _alive(site: Site) -> bool:
    found = subprocess.run(  # noqa: S603 -- ours
        ["pgrep", "-f", "--", f"--site {site.folder} delivery send"],  # noqa: S607
        capture_output=True, check=False,
    )  # fmt: skip
    return found.returncode == 0


def test_helpers_end_with_their_pass(tmp_path: Path) -> None:
    """A pass that is stopped stops its helpers, which settle what is under way."""
    with sink(tmp_path / "sink", "--delay=20") as server:
        site = shared(build(tmp_path / "site", server.port, PEOPLE), 2)
        with open_site(site.folder) as app:
            desk = replace(app.desk, is_stopping=lambda: len(server.accepted()) > 300)
            report = jobs.deliver(desk, now())
        assert not _alive(site)
        assert 300 < report.sent < PEOPLE
        assert site.states() == {"sent": report.sent, "pending": PEOPLE - report.sent}
        assert server.accepted().total() == report.sent


@pytest.mark.parametrize("limit", ["rate = 900", "warm_up_from = 2020-01-01"])
def test_what_is_counted_is_sent_by_one(tmp_path: Path, limit: str) -> None:
    """Rates and warm-up hold for the relay: one process keeps them."""
    with sink(tmp_path / "sink") as server:
        site = shared(build(tmp_path / "site", server.port, 150), 2)
        file = site.folder / "partwork.toml"
        file.write_text(file.read_text().replace("[smtp]\n", f"[smtp]\n{limit}\n"))
        with open_site(site.folder) as app:
            desk, ids = hired(app.desk)
            jobs.deliver(desk, now())
        assert ids == []


def test_few_are_sent_by_one(tmp_path: Path) -> None:
    """What one process has sent before another has begun needs no other."""
    with sink(tmp_path / "sink") as server:
        site = shared(build(tmp_path / "site", server.port, 99), 2)
        with open_site(site.folder) as app:
            desk, ids = hired(app.desk)
            assert jobs.deliver(desk, now()).sent == 99
        assert ids == []


def test_each_process_needs_a_connection(tmp_path: Path) -> None:
    """More processes than connections are a mistake, told with both settings."""
    site = shared(build(tmp_path / "site", 1, 3), 5)
    with (
        pytest.raises(ConfigError, match=r"connections: fewer than \[delivery\] processes"),
        open_site(site.folder),
    ):
        pass

"""A copy of a site mails nobody until its operator says that it is to."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline import jobs, store
from pipeline.app import App, open_site
from pipeline.errors import UsageError
from pipeline.model import Instance
from tests.crash.harness import MONDAY, SQLITE, Sink, Site, build, sink
from tests.crash.sender import now
from tests.listening import listening
from tests.sites import outbox

PEOPLE = 6


@dataclass
class Place:
    """A site that may send, has not yet, and the server that would get its mail."""

    site: Site
    server: Sink

    @property
    def folder(self) -> Path:
        """Of the site."""
        return self.site.folder

    def arrived(self) -> int:
        """How many messages the server has."""
        return self.server.accepted().total()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A site on SQLite."""
    with sink(tmp_path / "sink") as server:
        yield begun(tmp_path / "site", server)


def begun(folder: Path, server: Sink, url: str = SQLITE) -> Place:
    """A site with mail that is due, whose copy of the program is the one that may send."""
    site = build(folder, server.port, PEOPLE, url)
    with open_site(folder) as app:
        jobs.send_letters(app.desk, now())
        assert jobs.lock(app.desk) == ""
    return Place(site, server)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """What a command does and prints."""
    words = [sys.executable, "-m", "pipeline", "--site", str(folder), *command]
    return subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 -- ours


def locked(folder: Path) -> str:
    """Why a copy may not send."""
    with open_site(folder) as app:
        return jobs.lock(app.desk)


def backup(folder: Path, file: Path) -> None:
    """The database of a site as it is now."""
    with (
        closing(sqlite3.connect(folder / "var" / "partwork.db")) as source,
        closing(sqlite3.connect(file)) as target,
    ):
        source.backup(target)


def restore(folder: Path, file: Path) -> None:
    """Put a database back."""
    for one in (folder / "var").glob("partwork.db*"):
        one.unlink()
    shutil.copy(file, folder / "var" / "partwork.db")


def change(folder: Path, old: str, new: str) -> None:
    """Change a line of the settings."""
    file = folder / "partwork.toml"
    said = file.read_text()
    assert old in said
    file.write_text(said.replace(old, new))


def test_a_copied_folder_mails_nobody(place: Place, tmp_path: Path) -> None:
    """It says so and ends as a thing partly done; the site itself goes on."""
    copy = tmp_path / "copy"
    shutil.copytree(place.folder, copy)
    done = run(copy, "run", "--once")
    assert "nothing leaves this machine: the folder var/ was copied or restored" in done.stdout
    assert (done.returncode, place.arrived()) == (3, 0)
    assert list((copy / "feeds").rglob("*.xml"))
    assert "Locked" in run(copy, "status").stdout
    with open_site(place.folder) as app:
        assert jobs.deliver(app.desk, now()).sent == PEOPLE


def test_a_copied_folder_writes_no_letters(place: Place, tmp_path: Path) -> None:
    """Whoever joins on a copy hears nothing; the letter waits."""
    copy = tmp_path / "copy"
    shutil.copytree(place.folder, copy)
    with open_site(copy) as app:
        jobs.ask_to_join(app.desk, jobs.Wish("new@example.org", guides=("water",)), "", now())
        assert jobs.send_letters(app.desk, now()).sent == 0
        assert place.arrived() == 0
        jobs.confirm_instance(app.desk, now())
        assert jobs.send_letters(app.desk, now()).sent == 1
    assert place.server.accepted() == {"new@example.org": 1}


def test_a_copied_database_mails_nobody(place: Place, tmp_path: Path) -> None:
    """A new folder with the database of another site: the other is named."""
    copy = tmp_path / "copy"
    shutil.copytree(place.folder, copy)
    (copy / "var" / "instance").unlink()
    assert "that of another copy of the site" in locked(copy)
    with open_site(copy) as app:
        assert jobs.deliver(app.desk, now()).sent == 0


def test_a_restored_database_sends_nothing_twice(place: Place, tmp_path: Path) -> None:
    """What was sent since the backup is doubted first, and the operator decides."""
    backup(place.folder, tmp_path / "backup")
    with open_site(place.folder) as app:
        assert jobs.deliver(app.desk, now()).sent == PEOPLE
    restore(place.folder, tmp_path / "backup")
    assert "older than what was sent from here" in locked(place.folder)
    with open_site(place.folder) as app:
        assert jobs.deliver(app.desk, now()).sent == 0
    answer = json.loads(run(place.folder, "instance", "confirm", "--doubt", "--json").stdout)
    assert (answer["doubted"], answer["waiting"]) == (PEOPLE, 0)
    assert place.site.states() == {"uncertain": PEOPLE}
    run(place.folder, "delivery", "resolve", "--assume-sent")
    assert place.site.states() == {"sent": PEOPLE}
    with open_site(place.folder) as app:
        assert jobs.lock(app.desk) == ""
        assert jobs.deliver(app.desk, now()).sent == 0
    assert place.arrived() == PEOPLE


def test_what_was_released_since_a_backup_is_doubted_too(place: Place, tmp_path: Path) -> None:
    """A part that went out after the backup is released again, and mailed to nobody by that."""
    with open_site(place.folder) as app:
        jobs.deliver(app.desk, now())
    backup(place.folder, tmp_path / "backup")
    change(place.folder, "[smtp]", "[schedule]\nmax_late_days = 3650\n[smtp]")
    with open_site(place.folder) as app:
        assert jobs.tick(app.desk, now()).delivering.sent == PEOPLE  # part 2
    restore(place.folder, tmp_path / "backup")
    with open_site(place.folder) as app:
        report = jobs.confirm_instance(app.desk, now(), doubts=True)
        assert (report.doubted, report.waiting) == (PEOPLE, 0)
        assert jobs.tick(app.desk, now()).delivering.sent == 0
    assert set(place.server.accepted().values()) == {2}


def test_another_base_url_is_asked_about(place: Place) -> None:
    """Links in mail would lead elsewhere; once confirmed it sends."""
    change(place.folder, "https://news.example.org", "https://staging.example.org")
    why = locked(place.folder)
    assert "base_url was https://news.example.org, is https://staging.example.org" in why
    done = run(place.folder, "instance", "confirm")
    assert f"{PEOPLE} messages are due" in done.stdout
    with open_site(place.folder) as app:
        assert jobs.deliver(app.desk, now()).sent == PEOPLE


def test_another_host_is_asked_about(place: Place) -> None:
    """A machine that was cloned whole differs by its name alone."""
    with open_site(place.folder) as app, app.desk.store.write() as tx:
        here = app.desk.place.instance()
        store.instances.save(tx, replace(here, host="elsewhere"), now())
    assert "the site was on elsewhere" in locked(place.folder)


def test_an_instance_that_is_named_may_move(tmp_path: Path) -> None:
    """Containers have another host and another folder each time; their base URL stays."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, PEOPLE)
        change(site.folder, "[site]\n", '[site]\ninstance = "production"\n')
        with open_site(site.folder) as app:
            jobs.send_letters(app.desk, now())
        shutil.move(site.folder / "var", tmp_path / "var")
        shutil.copytree(tmp_path / "var", site.folder / "var")
        assert locked(site.folder) == ""
        (site.folder / "var" / "instance").unlink()
        assert locked(site.folder) == ""
        change(site.folder, '"production"', '"staging"')
        assert "another copy of the site, production" in locked(site.folder)


def test_a_maildir_is_never_locked(place: Place, tmp_path: Path) -> None:
    """What stays on the machine may go: the best way to try a copy out. It becomes no sender."""
    copy = tmp_path / "copy"
    shutil.copytree(place.folder, copy)
    change(copy, "[smtp]", '[mail]\ntransport = "maildir"\n[smtp]')
    assert "nothing leaves" not in run(copy, "run", "--once").stdout
    assert len(outbox(copy)) == PEOPLE
    change(copy, '[mail]\ntransport = "maildir"\n', "")
    assert "copied or restored" in locked(copy)


def test_a_copy_tells_no_program_anything(place: Place, tmp_path: Path) -> None:
    """Neither webhooks nor a hub hear of what happens on a copy, whatever becomes of its mail."""
    copy = tmp_path / "copy"
    shutil.copytree(place.folder, copy)
    with listening("/told") as program:
        (copy / "hook").write_text("whsec_" + "A" * 32)
        hook = f'name = "crm"\nurl = "{program.url}"\nsecret_file = "hook"\n'
        change(copy, "[smtp]", f'[mail]\ntransport = "maildir"\n[[webhooks]]\n{hook}[smtp]')
        with open_site(copy) as app:
            assert "copied or restored" in jobs.tick(app.desk, now()).locked
        assert program.calls == []


def test_one_copy_is_the_first(tmp_path: Path, database_url: str) -> None:
    """On either database: the first may send, the second is told, and both may when confirmed."""
    with sink(tmp_path / "sink") as server:
        place = begun(tmp_path / "site", server, database_url)
        copy = tmp_path / "copy"
        shutil.copytree(place.folder, copy)
        with open_site(place.folder) as app, app.desk.store.read() as tx:
            (known,) = store.instances.every(tx)
        assert known.base_url == "https://news.example.org"
        with open_site(place.folder) as app:
            assert jobs.deliver(app.desk, now()).sent == PEOPLE
            marks = app.desk.place.instance().mark, _row(app).mark
            assert marks == (2, 2)
            with pytest.raises(UsageError, match="may send"):
                jobs.confirm_instance(app.desk, now())
        with open_site(copy) as app:
            assert jobs.lock(app.desk)
            jobs.confirm_instance(app.desk, now())
            assert jobs.lock(app.desk) == ""


def _row(app: App) -> Instance:
    with app.desk.store.read() as tx:
        return store.instances.every(tx)[0]


def test_the_file_is_private_and_must_be_whole(place: Place) -> None:
    """Only its owner reads it; damage is told in one line with what to do."""
    file = place.folder / "var" / "instance"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_bytes(b"nonsense")
    with open_site(place.folder) as app:
        (told,) = jobs.deliver(app.desk, now()).problems
    assert "is damaged; delete it" in told
    assert place.arrived() == 0
    file.unlink()
    assert "another copy" in locked(place.folder)


def test_a_new_site_shows_that_it_may_send(tmp_path: Path) -> None:
    """`instance show` names it, and changes nothing that would make it a sender."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, 1)
    shown = json.loads(run(site.folder, "instance", "show", "--json").stdout)
    assert (shown["base_url"], shown["locked"]) == ("https://news.example.org", "")
    with open_site(site.folder, MONDAY) as app, app.desk.store.read() as tx:
        assert store.instances.every(tx) == ()


def test_a_locked_copy_says_so_wherever_it_is_asked_to_send(place: Place, tmp_path: Path) -> None:
    """`delivery send` too names the lock, and ends as a thing partly done."""
    copy = tmp_path / "copy"
    shutil.copytree(place.folder, copy)
    done = run(copy, "delivery", "send")
    assert (done.returncode, place.arrived()) == (3, 0)
    assert "copied or restored" in done.stderr

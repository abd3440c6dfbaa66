"""web: joining by mail, choosing, pausing, leaving, taking one's data along, being erased."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine, event

from pipeline import jobs, store, token
from pipeline.app import App, open_site
from pipeline.errors import UsageError
from pipeline.jobs import Wish
from pipeline.model import SubscriberStatus
from pipeline.web import create_app
from tests.sites import SETTINGS, at, make_site, outbox, received, write_guide

MONDAY = at("2026-03-09T09:05+01:00")
DAY = timedelta(days=1)
DAILY = 'cadence: "daily 09:00"\nzone: Europe/Berlin\nstart: 2026-03-02\n'
SOMEBODY = "Robin@example.org"


@dataclass
class Place:
    """A site that is served, whose clock we set."""

    folder: Path
    now: datetime
    app: App = field(init=False)
    client: TestClient = field(init=False)

    def pass_by(self, span: timedelta = timedelta()) -> None:
        """Let time go by, then do what is due."""
        self.now += span
        jobs.tick(self.app.desk, self.now)

    def days(self, number: int) -> None:
        """Let days go by, one pass each."""
        for _ in range(number):
            self.pass_by(DAY)

    def fill(self, **fields: str) -> Response:
        """Fill the form of the guide in and send it, twenty seconds after it was shown."""
        said = {"email": SOMEBODY, "stamp": self.stamp(20), "mode": "drip", "cadence": ""} | fields
        return self.client.post("/join/water/", data=said, follow_redirects=False)

    def stamp(self, age: float) -> str:
        """What a form carries that was shown so many seconds ago."""
        return token.form(self.now - timedelta(seconds=age), keys=self.app.desk.keys)

    def letters(self, to: str = SOMEBODY) -> list[EmailMessage]:
        """The letters to somebody that ask to confirm."""
        mails = outbox(self.folder)
        return [one for one in mails if one["To"] == to and "confirm" in one["Subject"]]

    def confirm(self, to: str = SOMEBODY) -> Response:
        """Press the button of the newest letter."""
        self.pass_by()
        return self.client.post(path_in(self.letters(to)[-1], "u/confirm/"))

    def join(self, **fields: str) -> str:
        """Join, confirm; the path of one's own page."""
        assert self.fill(**fields).status_code == 303
        done = self.confirm(fields.get("email", SOMEBODY))
        found = re.search(r"(/u/me/[^\"]+)\"", done.text)
        assert found, done.text
        self.pass_by()
        return found[1]

    def do(self, mine: str, **fields: str) -> Response:
        """Press a button of one's own page."""
        return self.client.post(mine, data=fields)

    def subjects(self, to: str = SOMEBODY) -> list[str]:
        """What somebody got of the guide, in order."""
        found = (re.search(r", (\d) of", one) for one in received(self.folder, to))
        return [one[1] for one in found if one]

    def events(self, subscriber_id: int = 1) -> list[str]:
        """What is written down of somebody."""
        with self.app.desk.store.read() as tx:
            return [one.kind.value for one in store.events.of_subscriber(tx, subscriber_id)]

    def person(self) -> tuple[SubscriberStatus, str] | None:
        """How somebody stands."""
        with self.app.desk.store.read() as tx:
            found = store.subscribers.by_address(tx, SOMEBODY)
        return (found.status, found.address) if found else None


def path_in(message: EmailMessage, start: str) -> str:
    """The path of ours in a message that begins so."""
    text = message.get_body(("plain",))
    assert text is not None
    found = re.search(rf"https://news\.example\.org(/{start}\S+)", text.get_content())
    assert found, text.get_content()
    return found[1]


@contextmanager
def opened(folder: Path, settings: str = SETTINGS) -> Iterator[Place]:
    """A site with a guide of five parts, all of them out, and nobody."""
    site = make_site(folder / "site", settings)
    write_guide(site, parts=5, front=DAILY)
    with open_site(site) as app:
        place = Place(site, MONDAY - 7 * DAY)
        desk = replace(app.desk, clock=lambda: place.now)
        place.app = replace(app, desk=desk)
        place.client = TestClient(create_app(place.app), base_url="http://127.0.0.1:8000")
        place.pass_by()
        place.days(7)
        yield place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Such a site."""
    with opened(tmp_path) as one:
        yield one


@pytest.fixture
def anywhere(tmp_path: Path, database_url: str) -> Iterator[Place]:
    """Such a site, on each kind of database."""
    with opened(tmp_path, f'{SETTINGS}[store]\nurl = "{database_url}"\n') as one:
        yield one


def test_a_guide_of_another_name_keeps_its_readers(anywhere: Place) -> None:
    """Who follows it goes on with it; the old name leads to nothing else."""
    anywhere.join(cadence="1d")
    path = anywhere.folder / "content" / "water.md"
    text = path.read_text().replace("slug: water", "slug: rivers\naliases: [water]")
    path.write_text(text)
    anywhere.days(1)
    with anywhere.app.desk.store.read() as tx:
        (mine,) = store.subscribers.subscriptions(tx, 1)
    assert mine.guide == "rivers"
    assert len(anywhere.subjects()) == 2


def test_a_person_joins_reads_and_finishes(anywhere: Place) -> None:
    """Form, letter, button; part 1 at once, the rest at the pace that was chosen, and an end."""
    anywhere.join(cadence="every 2 days")
    assert anywhere.subjects() == ["1"]
    assert anywhere.person() == (SubscriberStatus.ACTIVE, SOMEBODY)
    anywhere.days(8)
    assert anywhere.subjects() == ["1", "2", "3", "4", "5"]
    anywhere.days(2)
    assert received(anywhere.folder, SOMEBODY)[-1] == "You have read all of A guide to water"
    anywhere.days(3)
    assert len(received(anywhere.folder, SOMEBODY)) == 8  # confirm, welcome, five parts, the end
    assert anywhere.events() == ["asked", "confirmed", "finished"]


def test_nothing_follows_from_looking(place: Place) -> None:
    """GET and HEAD of all that a scanner of mail may follow change nothing (W01)."""
    place.fill()
    place.pass_by()
    confirm = path_in(place.letters()[-1], "u/confirm/")
    for method in ("GET", "HEAD"):
        assert place.client.request(method, confirm).status_code == 200
    assert place.person() is None
    mine = place.join()
    leave = token.leave(1, "water", keys=place.app.desk.keys)
    back = token.back(1, "water", place.now, keys=place.app.desk.keys)
    before = place.events()
    own = (mine, f"{mine}/erase", f"{mine}/data.json")
    for path in (f"/u/{leave}", *own, f"/u/back/{back}", "/join/"):
        for method in ("GET", "HEAD"):
            assert place.client.request(method, path).status_code in {200, 405}
    assert place.events() == before


def test_everybody_is_answered_alike(place: Place) -> None:
    """Known, unknown, suppressed addresses, and who has left: the same answer (W06)."""
    place.join(email="known@example.org")
    with place.app.desk.store.write() as tx:
        store.subscribers.suppress(tx, 1)
    for other in ("active@example.org", "left@example.org"):
        place.join(email=other)
    jobs.leave(place.app.desk, 3, "water", place.now)
    answers = {
        (got.status_code, got.text, got.headers["location"])
        for name in ("known", "active", "left", "nobody")
        for got in [place.fill(email=f"{name}@example.org")]
    }
    assert len(answers) == 1
    place.pass_by()
    names = ("known", "active", "left", "nobody")
    assert [len(place.letters(f"{name}@example.org")) for name in names] == [1, 2, 2, 1]


def test_everybody_is_answered_by_the_same_work(place: Place) -> None:
    """What is done before the answer does not depend on whether an address is known (W07)."""
    place.join(email="known@example.org")
    place.join(email="suppressed@example.org")
    with place.app.desk.store.write() as tx:
        store.subscribers.suppress(tx, 2)
    said: dict[str, list[str]] = {}
    for name in ("known", "suppressed", "nobody"):
        heard = said.setdefault(name, [])

        def hear(*given: object, heard: list[str] = heard) -> None:
            heard.append(str(given[2]))

        event.listen(Engine, "before_cursor_execute", hear)
        try:
            place.fill(email=f"{name}@example.org")
        finally:
            event.remove(Engine, "before_cursor_execute", hear)
    assert said["known"]
    assert said["known"] == said["suppressed"] == said["nobody"]


def test_an_address_gets_two_letters_a_day(place: Place) -> None:
    """Thirty signups in all spellings of one mailbox are two letters (W10), until tomorrow."""
    for n in range(30):
        spelt = ("robin.smith", f"robin.smith+{n}", "robinsmith")
        place.fill(email=f"{spelt[n % 3]}@example.org")
    place.pass_by()
    assert len(outbox(place.folder)) == 2
    place.now += DAY + timedelta(hours=1)
    place.fill(email="robin.smith@example.org")
    place.pass_by()
    assert len(outbox(place.folder)) == 3


def test_many_victims_are_too_many(tmp_path: Path) -> None:
    """Letters of an hour have a cap, whoever asks from wherever (W11); the operator is told."""
    with opened(tmp_path, SETTINGS + "[web]\nsignups_an_hour = 5\n") as place:
        for n in range(20):
            place.fill(email=f"victim{n}@example.org")
        report = jobs.send_letters(place.app.desk, place.now)
        assert (report.sent, report.held) == (5, 15)
        place.pass_by(timedelta(hours=1, minutes=1))
        assert len(outbox(place.folder)) == 10


def test_a_flood_is_not_kept(tmp_path: Path, database_url: str) -> None:
    """More than a day's letters are not written down, and answered alike; then there is room."""
    said = f'{SETTINGS}[store]\nurl = "{database_url}"\n[web]\nsignups_an_hour = 1\n'
    with opened(tmp_path, said) as place:
        answers = {place.fill(email=f"v{n}@example.org").status_code for n in range(30)}
        assert answers == {303}
        with place.app.desk.store.read() as tx:
            assert store.signups.waiting(tx) == 24
        place.pass_by()
        place.fill(email="late@example.org")
        with place.app.desk.store.read() as tx:
            assert len(store.signups.of_address(tx, "late@example.org")) == 1


def test_programs_are_answered_and_not_heard(place: Place) -> None:
    """A filled honeypot and a form sent within a second get the usual answer, and nothing else."""
    for got in (place.fill(website="https://example.com"), place.fill(stamp=place.stamp(0.2))):
        assert got.status_code == 303
    place.pass_by()
    assert not (place.folder / "var/outbox").exists()


@pytest.mark.parametrize("stamp", ["", "forged.stamp", "1773043500.0.AAAA"])
def test_an_old_form_is_shown_again(place: Place, stamp: str) -> None:
    """Without our stamp, or after a day, the form comes back filled in, and says why."""
    for got in (place.fill(stamp=stamp), place.fill(stamp=place.stamp(2 * 86_400))):
        assert got.status_code == 422
        assert "press once more" in got.text
        assert f'value="{SOMEBODY}"' in got.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "no address"}, "is not a mail address"),
        ({"email": "a@b@example.org"}, "is not a mail address"),
        ({"cadence": "now and then"}, "cadence"),
        ({"hour": "25"}, "hour"),
        ({"zone": "Berlin"}, "zone"),
        ({"email": "x\r\nBcc: victim@example.org"}, "is not a mail address"),
        ({"mode": "admin"}, "mode"),
    ],
)
def test_what_does_not_fit_is_said(place: Place, fields: dict[str, str], said: str) -> None:
    """The form comes back with what is wrong in one line; markup in it stays words (W12)."""
    got = place.fill(**fields)
    assert got.status_code == 422
    assert 'role="alert"' in got.text
    assert said in got.text
    hostile = place.fill(email='"><script>alert(1)</script>@example.org')
    assert "<script>alert" not in hostile.text


def test_nobody_makes_themselves_more_than_they_are(place: Place) -> None:
    """Fields that the form has not are not read (W15)."""
    more = {"consent_at": "2020-01-01", "consent_source": "import"}
    place.fill(status="active", id="7", guides="*", **more)
    assert place.person() is None
    place.confirm()
    with place.app.desk.store.read() as tx:
        found = store.subscribers.by_address(tx, SOMEBODY)
        assert found is not None
        assert (found.consent_source, found.consent_at) == ("page", place.now)
        assert [one.guide for one in store.subscribers.subscriptions(tx, found.id)] == ["water"]


def test_tokens_are_for_one_thing(place: Place) -> None:
    """An altered token, or one for something else, is not there, and says nothing (W04)."""
    mine = place.join().rsplit("/", 1)[1]
    leave = token.leave(1, "water", keys=place.app.desk.keys)
    wrong = (
        f"/u/{mine}", f"/u/me/{leave}", f"/u/confirm/{mine}", f"/u/back/{leave}", f"/u/me/{mine}x",
        f"/u/me/2{mine[1:]}", f"/u/{leave[:-1]}", "/u/me/", f"/u/me/{mine}/../erase",
        "/u/confirm/1.2",
    )  # fmt: skip
    for path in wrong:
        for method in ("GET", "POST"):
            got = place.client.request(method, path, follow_redirects=False)
            assert 400 <= got.status_code < 500, path
            assert SOMEBODY not in got.text
    assert place.events() == ["asked", "confirmed"]


def test_a_confirmation_counts_once(place: Place) -> None:
    """A second press, or one after a week, does nothing and says so."""
    place.fill()
    place.pass_by()
    path = path_in(place.letters()[-1], "u/confirm/")
    assert [place.client.post(path).status_code for _ in range(3)] == [200, 410, 410]
    jobs.leave(place.app.desk, 1, "water", place.now)
    assert place.client.post(path).status_code == 410  # having left stays so (K03)
    place.fill(email="late@example.org")
    place.pass_by()
    late = path_in(place.letters("late@example.org")[-1], "u/confirm/")
    place.now += 8 * DAY
    assert place.client.post(late).status_code == 410
    place.pass_by()
    with place.app.desk.store.read() as tx:
        assert store.signups.waiting(tx) == 0  # P08: what nobody confirmed is forgotten


@pytest.mark.parametrize("kind", ["plain", "fields", "multipart", "chunked"])
def test_one_post_leaves(place: Place, kind: str) -> None:
    """RFC 8058: no cookie, any body, at once, as often as one likes (W02, W03)."""
    place.join()
    mails = outbox(place.folder)
    (leave,) = {one["List-Unsubscribe"] for one in mails if "1 of 5" in one["Subject"]}
    path = re.sub(r"^<https://news\.example\.org(/[^>]+)>.*", r"\1", leave)
    bodies: dict[str, dict[str, object]] = {
        "plain": {"data": {"List-Unsubscribe": "One-Click"}},
        "fields": {"data": {"List-Unsubscribe": "One-Click", "more": "x" * 500}},
        "multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}},
        "chunked": {"content": iter([b"List-Unsub", b"scribe=One-Click"])},
    }
    got = place.client.post(path, **bodies[kind])  # type: ignore[arg-type]  # httpx's own
    again = place.client.post(path)
    assert (got.status_code, again.status_code) == (200, 200)
    assert "set-cookie" not in got.headers
    place.days(3)
    assert place.subjects() == ["1"]
    assert place.events().count("left") == 1


def test_leaving_can_be_undone(anywhere: Place) -> None:
    """The page of goodbye has a button; what was called off then goes out after all."""
    anywhere.join(cadence="daily", hour="12")
    anywhere.pass_by(timedelta(hours=3))
    assert anywhere.subjects() == ["1"]
    leave = token.leave(1, "water", keys=anywhere.app.desk.keys)
    done = anywhere.client.post(f"/u/{leave}")
    undo = re.search(r'action="\.\./(u/back/[^"]+)"', done.text)
    assert undo
    anywhere.days(2)
    assert anywhere.subjects() == ["1"]
    assert "You are back" in anywhere.client.post(f"/{undo[1]}").text
    assert "has done its work" in anywhere.client.post(f"/{undo[1]}").text
    anywhere.days(2)
    assert anywhere.subjects()[:2] == ["1", "2"]
    assert anywhere.events() == ["asked", "confirmed", "left", "returned"]


def test_a_pause_shifts_the_rest(anywhere: Place) -> None:
    """Nothing comes while it lasts, and afterwards not all at once (drip)."""
    mine = anywhere.join(cadence="daily")
    anywhere.days(1)
    assert anywhere.subjects() == ["1", "2"]
    assert "It is paused" in anywhere.do(mine, do="pause", guide="water", days="7").text
    anywhere.days(6)
    assert anywhere.subjects() == ["1", "2"]
    anywhere.days(2)
    assert anywhere.subjects() == ["1", "2", "3"]
    anywhere.days(1)
    assert anywhere.subjects() == ["1", "2", "3", "4"]
    anywhere.do(mine, do="pause", guide="water", days="30")
    anywhere.days(1)
    assert "It goes on" in anywhere.do(mine, do="resume", guide="water").text
    anywhere.days(1)
    assert anywhere.subjects() == ["1", "2", "3", "4", "5"]


def test_the_operator_can_tell_why(place: Place) -> None:
    """Who paused and asks why nothing came is told of the pause."""
    mine = place.join(cadence="daily")
    place.do(mine, do="pause", guide="water", days="7")
    story = jobs.story(place.app.desk, SOMEBODY, "water", 2)
    told = [one.what for one in story.happenings]
    assert any(one.startswith("paused until 2026-03-16") for one in told)
    found = jobs.subscriber(place.app.desk, SOMEBODY)
    assert found is not None
    assert [one.kind.value for one in found.events] == ["asked", "confirmed", "paused"]


def test_a_pause_ends_on_a_day_to_come(place: Place) -> None:
    """Yesterday, a hundred years and no day at all are refused in a line."""
    mine = place.join()
    for until in ("2026-03-01", "2199-01-01", "soon"):
        got = place.do(mine, do="pause", guide="water", until=until)
        assert (got.status_code, 'role="alert"' in got.text) == (422, True)


def test_the_pace_can_be_changed(place: Place) -> None:
    """Slower and faster from the next slot on; days of the week too."""
    mine = place.join(cadence="every 14 days")
    place.days(3)
    assert place.subjects() == ["1"]
    place.do(mine, do="pace", guide="water", cadence="daily")
    place.days(1)
    assert place.subjects() == ["1", "2"]
    place.client.post(mine, data={"do": "pace", "guide": "water", "day": ["mon", "tue"]})
    place.days(6)  # from Friday to Thursday
    assert place.subjects() == ["1", "2", "3", "4"]


def test_the_next_part_can_come_now(place: Place) -> None:
    """It is sent at once; the one after it comes as it would have."""
    mine = place.join(cadence="every 2 days")
    assert "on its way" in place.do(mine, do="hurry", guide="water").text
    place.pass_by(timedelta(minutes=1))
    assert place.subjects() == ["1", "2"]
    place.days(2)
    assert place.subjects() == ["1", "2", "3"]
    for _ in range(2):
        place.do(mine, do="hurry", guide="water")
        place.pass_by(timedelta(minutes=1))
    assert "not there yet" in place.do(mine, do="hurry", guide="water").text


def test_a_guide_can_be_begun_again(anywhere: Place) -> None:
    """All parts come once more, in other messages, so that mail programs show them."""
    mine = anywhere.join(cadence="daily")
    anywhere.days(2)
    assert "begins again" in anywhere.do(mine, do="restart", guide="water").text
    anywhere.pass_by(timedelta(minutes=1))
    anywhere.days(1)
    assert anywhere.subjects() == ["1", "2", "3", "1", "2"]
    names = [one["Message-ID"] for one in outbox(anywhere.folder)]
    assert len(set(names)) == len(names)


def test_live_and_drip_can_be_changed_for_each_other(place: Place) -> None:
    """Who followed as it was released may begin with part 1, and the other way round."""
    mine = place.join(mode="live")
    place.days(1)
    assert place.subjects() == []  # all parts had been released
    place.do(mine, do="restart", guide="water")
    place.pass_by()
    assert place.subjects() == ["1"]
    assert "as it is released" in place.do(mine, do="live", guide="water").text
    place.days(3)
    assert place.subjects() == ["1"]


def test_an_hour_of_ones_own(place: Place) -> None:
    """Part 1 waits for the hour that was asked for, in the zone that was asked for."""
    place.join(hour="18", zone="America/New_York")
    assert place.subjects() == []
    place.pass_by(timedelta(hours=13, minutes=50))
    assert place.subjects() == []
    place.pass_by(timedelta(minutes=30))
    assert place.subjects() == ["1"]


def test_more_guides_follow_from_ones_own_page(anywhere: Place) -> None:
    """Name, hour, zone and language are kept; more guides are followed; all of them are left."""
    mine = anywhere.join()
    write_guide(anywhere.folder, "bread", front='cadence: "daily"\nstart: 2026-03-09\n')
    anywhere.pass_by()
    got = anywhere.do(mine, do="profile", name="Robin", hour="7", zone="Asia/Tokyo", lang="de")
    assert ('value="Robin"' in got.text, 'value="Asia/Tokyo"' in got.text) == (True, True)
    assert anywhere.do(mine, do="profile", name="", hour="x", zone="", lang="").status_code == 422
    anywhere.do(mine, do="join", guide="bread")
    assert "A guide to bread" in anywhere.client.get(mine).text
    anywhere.do(mine, do="leave", guide="*")
    assert "You follow nothing" in anywhere.client.get(mine).text
    assert anywhere.do(mine, do="join", guide="nothing").status_code == 422
    assert anywhere.do(mine, do="everything").status_code == 422


def test_own_data_is_complete(place: Place) -> None:
    """All that any table holds of somebody is in the file (P04), consent with its version."""
    mine = place.join(zone="Asia/Tokyo")
    place.fill(cadence="daily")
    got = place.client.get(f"{mine}/data.json")
    assert got.headers["content-disposition"].startswith("attachment")
    said = json.loads(got.text)
    assert said["subscriber"]["address"] == SOMEBODY
    assert said["subscriptions"][0]["guide"] == "water"
    assert [one["number"] for one in said["messages"]] == [1]
    assert [one["cadence"] for one in said["signups"]] == ["daily"]
    assert {one["kind"] for one in said["letters"]} == {"welcome"}
    asked, confirmed = said["events"]
    assert re.fullmatch(r"terms [0-9a-f]{12}", asked["detail"])
    assert confirmed["kind"] == "confirmed"


def held_by(folder: Path, word: str) -> list[str]:
    """The files below a folder that hold a word."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return [str(path.relative_to(folder)) for path in found if word.encode() in path.read_bytes()]


def test_who_is_erased_is_gone(place: Place) -> None:
    """Not in a table, a free page, the log of writes or the outbox (S11, S12)."""
    for n in range(40):  # so that pages of the database split
        jobs.subscribe(place.app.desk, Wish(f"somebody{n}@example.org"), place.now)
    mine = place.join()
    jobs.subscribe(place.app.desk, Wish("another@example.org"), place.now)
    place.fill(cadence="daily")  # asked once more, and not confirmed
    place.pass_by()
    with place.app.desk.store.write() as tx:
        subscriber = store.subscribers.by_address(tx, SOMEBODY)
        assert subscriber is not None
    assert held_by(place.folder / "var", SOMEBODY)
    assert "You are forgotten" in place.client.post(f"{mine}/erase").text
    assert held_by(place.folder, SOMEBODY) == []
    assert place.client.get(mine).status_code == 410
    assert place.client.post(f"{mine}/erase").status_code == 200
    events = place.events(subscriber.id)
    assert events == ["asked", "confirmed", "erased"]
    place.days(3)
    assert held_by(place.folder, SOMEBODY) == []
    with sqlite3.connect(place.folder / "var/partwork.db") as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []


def test_no_list_brings_the_erased_back(place: Place) -> None:
    """An import is refused them; they themselves may come back (K04)."""
    mine = place.join()
    place.client.post(f"{mine}/erase")
    lines = ["email\n", f"{SOMEBODY}\n", "other@example.org\n"]
    report = jobs.import_list(place.app.desk, lines, "list.csv", place.now)
    assert (report.added, [one.where for one in report.refused]) == (1, ["list.csv:2"])
    with pytest.raises(UsageError, match="only they themselves"):
        jobs.subscribe(place.app.desk, Wish(SOMEBODY), place.now)
    place.join()
    assert place.person() == (SubscriberStatus.ACTIVE, SOMEBODY)


def test_a_new_secret_keeps_old_links(tmp_path: Path) -> None:
    """Links that were made with a former secret stay good (L05); those of a stranger's do not."""
    with opened(tmp_path) as place:
        mine = place.join()
        old = place.app.desk.secret.decode()
    settings = SETTINGS + f'secret = "{"n" * 20}ew{"n" * 20}"\nformer_secrets = ["{old}"]\n'
    (place.folder / "partwork.toml").write_text(settings, encoding="utf-8")
    with open_site(place.folder) as app:
        client = TestClient(create_app(app), base_url="http://127.0.0.1:8000")
        assert SOMEBODY in client.get(mine).text
        other = token.preferences(1, keys=(b"s" * 40,))
        assert client.get(f"/u/me/{other}").status_code == 404


def test_forms_are_small(place: Place) -> None:
    """Twenty megabytes, a hundred thousand fields, other codings: refused at once (W19)."""
    for body, kind in (
        (b"x" * 20_000_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(4000)), "application/x-www-form-urlencoded"),
        (b"email=%ff%fe", "application/x-www-form-urlencoded"),
        (b'{"email": "x"}', "application/json"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
    ):
        got = place.client.post("/join/water/", content=body, headers={"Content-Type": kind})
        assert got.status_code in {400, 413, 415, 422}


def test_private_pages_are_kept_by_nobody(place: Place) -> None:
    """No cache, no referrer, no cookie, no script, and no address in any URL (P01, P03)."""
    mine = place.join()
    for path in (mine, f"{mine}/erase", "/join/", "/join/water/", "/u/asked/", "/privacy/"):
        got = place.client.get(path)
        assert got.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in got.headers
        assert "<script" not in got.text
        assert not re.search(r'(?:href|action)="[^"]*@', got.text.replace("mailto:", ""))
        if path != "/privacy/":
            assert got.headers["cache-control"] == "no-store"
    with sqlite3.connect(place.folder / "var/partwork.db") as plain:
        dump = "\n".join(plain.iterdump())
    for one in (mine.rsplit("/", 1)[1], token.leave(1, "water", keys=place.app.desk.keys)):
        assert one.rpartition(".")[2] not in dump


def test_a_relay_that_fails_keeps_the_letter(tmp_path: Path) -> None:
    """A letter that could not go out is tried again, and goes when it can."""
    settings = SETTINGS + '[smtp]\nhost = "127.0.0.1"\nport = 9\n'
    with opened(tmp_path, settings) as place:
        place.fill()
        report = jobs.send_letters(place.app.desk, place.now)
        assert (report.sent, len(report.problems)) == (0, 1)
        assert "127.0.0.1:9" in report.problems[0]
        with place.app.desk.store.read() as tx:
            again_at = store.letters.next_due(tx)
        assert again_at is not None
        assert again_at > place.now

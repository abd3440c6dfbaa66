"""What programs are told of what happens: signed, in order, until they listen."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from pipeline import jobs, store
from pipeline.app import App, open_site
from pipeline.errors import ConfigError, FileError, UsageError
from pipeline.jobs import Wish
from pipeline.model import Event, EventKind
from tests.listening import Listener, listening
from tests.sites import SETTINGS, at, make_site, run_once, write_guide

MONDAY = at("2026-03-09T09:05+01:00")
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def told(program: Listener) -> list[dict[str, Any]]:
    """What it was told since it was asked last."""
    found = [json.loads(body) for _, body in program.calls]
    program.calls.clear()
    return found


@dataclass
class Place:
    """A site that tells the program, on whose clock tests turn."""

    app: App
    program: Listener
    now: Any = field(default=MONDAY)

    def pass_by(self, span: timedelta = timedelta()) -> tuple[str, ...]:
        """Let time go by, then tell; what programs did not take."""
        self.now += span
        return jobs.call_webhooks(self.app.desk, self.now).problems

    def happen(self, *details: str) -> None:
        """Let something happen to the first subscriber."""
        for detail in details:
            with self.app.desk.store.write() as tx:
                store.events.add(tx, Event(self.now, EventKind.CHANGED, detail=detail), 1)

    def standing(self) -> store.webhooks.Standing:
        """Where the program stands."""
        with self.app.desk.store.read() as tx:
            return store.webhooks.standings(tx)[0][0]


@pytest.fixture
def program() -> Iterator[Listener]:
    """A program that listens."""
    with listening("/told") as made:
        yield made


@pytest.fixture
def place(tmp_path: Path, program: Listener, database_url: str) -> Iterator[Place]:
    """A site with a reader, whose program has been called before; on either database."""
    said = f'{SETTINGS}\n[store]\nurl = "{database_url}"\n{_hook(program)}'
    site = make_site(tmp_path / "site", said)
    (site / "hook").write_text(SECRET)
    with open_site(site) as opened:
        made = Place(opened, program)
        made.app = replace(opened, desk=replace(opened.desk, clock=lambda: made.now))
        jobs.subscribe(made.app.desk, Wish("a@example.org", guides=("-",)), MONDAY)
        made.pass_by()
        yield made


def test_what_happens_is_told_signed_and_in_order(place: Place) -> None:
    """A verifier of somebody else's takes the signature; a call that was taken is not repeated."""
    place.happen("one", "two", "three")
    assert place.pass_by() == ()
    for headers, body in place.program.calls:
        stamped = {**headers, "webhook-timestamp": str(int(MONDAY.timestamp()))}
        assert stamped == headers
        _verify(headers, body)
    heard = told(place.program)
    assert [one["data"]["detail"] for one in heard] == ["one", "two", "three"]
    assert {one["type"] for one in heard} == {"subscriber.changed"}
    assert heard[0]["data"]["subscriber"]["email"] == "a@example.org"
    assert place.pass_by(timedelta(minutes=1)) == ()
    assert told(place.program) == []


def _verify(headers: dict[str, str], body: bytes) -> None:
    """Check a call as its receiver would, at the moment that it names."""
    verifier = Webhook(SECRET)
    made = verifier.sign(headers["webhook-id"], MONDAY.astimezone(UTC), body.decode())
    assert made == headers["webhook-signature"]


def test_the_verifier_takes_a_call_of_this_moment(tmp_path: Path, program: Listener) -> None:
    """With the real clock, as a receiver does it, timestamp and all."""
    site = _site(tmp_path, program)
    with open_site(site) as app:
        assert jobs.try_webhook(app.desk, "crm", app.desk.clock()).is_taken
        headers, body = program.calls[0]
        assert Webhook(SECRET).verify(body, headers)["type"] == "webhook.test"
        with pytest.raises(UsageError, match="crm"):
            jobs.try_webhook(app.desk, "cmr", app.desk.clock())
        program.status = 500
        assert jobs.try_webhook(app.desk, "crm", app.desk.clock()).said.startswith("it answered 5")


def _hook(program: Listener, more: str = "") -> str:
    said = f'name = "crm"\nurl = "{program.url}"\nsecret_file = "hook"\n{more}\n'
    return f"\n[[webhooks]]\n{said}"


def _site(folder: Path, program: Listener, more: str = "", secret: str = SECRET) -> Path:
    site = make_site(folder / "site", SETTINGS + _hook(program, more))
    (site / "hook").write_text(secret)
    return site


def test_a_program_that_fails_is_told_again_and_nothing_is_passed_over(place: Place) -> None:
    """With longer and longer waits, the same event under the same name, the others after it."""
    place.program.status = 500
    place.happen("one", "two")
    assert place.pass_by() == ("webhook crm: it answered 500 Internal Server Error",)
    assert len(place.program.calls) == 1
    assert place.pass_by(timedelta(seconds=9)) == ()
    assert len(place.pass_by(timedelta(seconds=2))) == 1
    assert place.pass_by(timedelta(seconds=15)) == ()
    assert len({headers["webhook-id"] for headers, _ in place.program.calls}) == 1
    standing = place.standing()
    assert (standing.attempts, standing.failing_since, standing.skipped) == (2, MONDAY, 0)
    place.program.calls.clear()
    place.program.status = 200
    assert place.pass_by(timedelta(minutes=1)) == ()
    assert [one["data"]["detail"] for one in told(place.program)] == ["one", "two"]
    assert (place.standing().attempts, place.standing().failing_since) == (0, None)


def test_a_redirect_is_no_answer(place: Place) -> None:
    """What is meant for one address is not carried to another."""
    place.program.status = 302
    place.happen("one")
    assert "it answered 302" in place.pass_by()[0]
    assert len(place.program.calls) == 1


def test_events_older_than_three_days_are_given_up_and_counted(place: Place) -> None:
    """One after the other, as long as it fails; what is newer waits still."""
    place.program.status = 503
    place.happen("one", "two")
    place.pass_by()
    place.now += timedelta(hours=71)
    place.happen("three")
    place.pass_by(timedelta(hours=2))
    place.pass_by()
    assert place.standing().skipped == 2
    place.program.calls.clear()
    place.program.status = 200
    place.pass_by(timedelta(hours=1))
    assert [one["data"]["detail"] for one in told(place.program)] == ["three"]


def test_two_processes_do_not_call_at_once(place: Place) -> None:
    """While one calls, another leaves the program alone; who died keeps nobody waiting for long."""
    place.happen("one")
    with place.app.desk.store.write() as tx:
        until = place.now + timedelta(minutes=2)
        assert store.webhooks.claim(tx, "crm", place.now, until) is not None
    assert place.pass_by() == ()
    assert told(place.program) == []
    place.pass_by(timedelta(minutes=3))
    assert len(told(place.program)) == 1


def test_a_new_program_hears_of_what_happens_from_now_on(tmp_path: Path, program: Listener) -> None:
    """And of the kinds that it asked for; issues are told with their address."""
    site = make_site(tmp_path / "site")
    write_guide(site, parts=3, front='cadence: "daily 09:00"\nzone: UTC\nstart: 2026-03-07\n')
    run_once(site, "2026-03-07T09:05Z")
    settings = site / "partwork.toml"
    settings.write_text(settings.read_text() + _hook(program, 'events = ["issue.released"]'))
    (site / "hook").write_text(SECRET)
    run_once(site, "2026-03-08T09:05Z")
    with open_site(site, "2026-03-09T09:05Z") as app:
        jobs.subscribe(app.desk, Wish("a@example.org"), app.desk.clock())
        jobs.leave(app.desk, 1, store.EVERY_GUIDE, app.desk.clock())
        assert not jobs.tick(app.desk, app.desk.clock()).untold
    heard = told(program)
    assert [one["data"]["issue"]["number"] for one in heard] == [2, 3]
    assert {one["type"] for one in heard} == {"issue.released"}
    assert heard[0]["data"]["issue"]["url"].startswith("https://news.example.org/water/2-")


def test_an_erased_subscriber_is_told_without_their_address(place: Place) -> None:
    """What is told later says no more than what is known then."""
    place.happen("one")
    jobs.erase(place.app.desk, 1, place.now)
    place.pass_by()
    body = b"".join(body for _, body in place.program.calls)
    assert b"a@example.org" not in body
    assert told(place.program)[-1]["type"] == "subscriber.erased"


def test_settings_of_webhooks_are_checked(tmp_path: Path, program: Listener) -> None:
    """An unknown type with the nearest, a name that stands twice, a secret that is short."""
    twice = f'[[webhooks]]\nname = "crm"\nurl = "{program.url}"\nsecret_file = "hook"\n'
    wrong = _site(tmp_path / "a", program, f'events = ["subscriber.confirmd"]\n{twice}')
    with pytest.raises(ConfigError) as caught, open_site(wrong):
        pass
    said = str(caught.value)
    assert "did you mean subscriber.confirmed?" in said
    assert "'crm' stands there twice" in said
    short = _site(tmp_path / "b", program, secret="whsec_c2hvcnQ=")  # noqa: S106
    with pytest.raises(UsageError, match="webhook secret"), open_site(short):
        pass
    (short / "hook").unlink()
    with pytest.raises(FileError, match="secret_file"), open_site(short):
        pass


def test_a_simulated_clock_calls_this_machine_only(tmp_path: Path, program: Listener) -> None:
    """A rehearsal tells nobody outside of what did not happen."""
    site = _site(tmp_path, program)
    settings = site / "partwork.toml"
    far = '[[webhooks]]\nname = "far"\nurl = "https://example.org/"\nsecret_file = "hook"\n'
    settings.write_text(settings.read_text() + far)
    with open_site(site, "2026-03-09T09:05Z") as app:
        assert [one.name for one in app.desk.hooks] == ["crm"]
    with open_site(site) as app:
        assert [one.name for one in app.desk.hooks] == ["crm", "far"]

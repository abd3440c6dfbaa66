"""What programs are told of what happens: signed, in order, until they listen."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from typing_extensions import override

from pipeline import jobs, store
from pipeline.app import App, open_site
from pipeline.errors import ConfigError, FileError, UsageError
from pipeline.jobs import Wish
from pipeline.model import Event, EventKind
from tests.sites import SETTINGS, at, make_site, write_guide

MONDAY = at("2026-03-09T09:05+01:00")
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Program:
    """A program of the operator's: writes down what it is told, and answers as it is bidden."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.server = HTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/told"

    def _handler(program) -> type[BaseHTTPRequestHandler]:  # noqa: N805 -- its own self is another
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                program.calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(program.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            do_GET = do_POST  # noqa: N815 -- the name that http.server wants

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler

    def told(self) -> list[dict[str, Any]]:
        """What it was told since it was asked last."""
        found = [json.loads(body) for _, body in self.calls]
        self.calls.clear()
        return found


@dataclass
class Place:
    """A site that tells the program, on whose clock tests turn."""

    app: App
    program: Program
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
def program() -> Iterator[Program]:
    """A program that listens."""
    made = Program()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def place(tmp_path: Path, program: Program, database_url: str) -> Iterator[Place]:
    """A site with a reader, whose program has been called before; on either database."""
    hook = f'[[webhooks]]\nname = "crm"\nurl = "{program.url}"\nsecret_file = "hook"\n'
    site = make_site(tmp_path / "site", f'{SETTINGS}\n[store]\nurl = "{database_url}"\n{hook}')
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
    told = place.program.told()
    assert [one["data"]["detail"] for one in told] == ["one", "two", "three"]
    assert {one["type"] for one in told} == {"subscriber.changed"}
    assert told[0]["data"]["subscriber"]["email"] == "a@example.org"
    assert place.pass_by(timedelta(minutes=1)) == ()
    assert place.program.told() == []


def _verify(headers: dict[str, str], body: bytes) -> None:
    """Check a call as its receiver would, at the moment that it names."""
    verifier = Webhook(SECRET)
    made = verifier.sign(headers["webhook-id"], MONDAY.astimezone(UTC), body.decode())
    assert made == headers["webhook-signature"]


def test_the_verifier_takes_a_call_of_this_moment(tmp_path: Path, program: Program) -> None:
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


def _site(folder: Path, program: Program, more: str = "", secret: str = SECRET) -> Path:
    hook = f'[[webhooks]]\nname = "crm"\nurl = "{program.url}"\nsecret_file = "hook"\n{more}\n'
    site = make_site(folder / "site", f"{SETTINGS}\n{hook}")
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
    assert [one["data"]["detail"] for one in place.program.told()] == ["one", "two"]
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
    assert [one["data"]["detail"] for one in place.program.told()] == ["three"]


def test_two_processes_do_not_call_at_once(place: Place) -> None:
    """While one calls, another leaves the program alone; who died keeps nobody waiting for long."""
    place.happen("one")
    with place.app.desk.store.write() as tx:
        until = place.now + timedelta(minutes=2)
        assert store.webhooks.claim(tx, "crm", place.now, until) is not None
    assert place.pass_by() == ()
    assert place.program.told() == []
    place.pass_by(timedelta(minutes=3))
    assert len(place.program.told()) == 1


def test_a_new_program_hears_of_what_happens_from_now_on(tmp_path: Path, program: Program) -> None:
    """And of the kinds that it asked for; issues are told with their address."""
    site = _site(tmp_path, program, 'events = ["issue.released"]')
    write_guide(site, parts=2, front='cadence: "daily 09:00"\nzone: UTC\nstart: 2026-03-08\n')
    with open_site(site, "2026-03-08T09:05Z") as app:
        jobs.tick(app.desk, app.desk.clock())
    assert program.told() == []
    with open_site(site, "2026-03-09T09:05Z") as app:
        jobs.subscribe(app.desk, Wish("a@example.org"), app.desk.clock())
        jobs.leave(app.desk, 1, store.EVERY_GUIDE, app.desk.clock())
        assert not jobs.tick(app.desk, app.desk.clock()).untold
    (told,) = program.told()
    assert (told["type"], told["data"]["issue"]["number"]) == ("issue.released", 2)
    assert told["data"]["issue"]["url"].startswith("https://news.example.org/water/2-")


def test_an_erased_subscriber_is_told_without_their_address(place: Place) -> None:
    """What is told later says no more than what is known then."""
    place.happen("one")
    jobs.erase(place.app.desk, 1, place.now)
    place.pass_by()
    body = b"".join(body for _, body in place.program.calls)
    assert b"a@example.org" not in body
    assert place.program.told()[-1]["type"] == "subscriber.erased"


def test_settings_of_webhooks_are_checked(tmp_path: Path, program: Program) -> None:
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


def test_a_simulated_clock_calls_this_machine_only(tmp_path: Path, program: Program) -> None:
    """A rehearsal tells nobody outside of what did not happen."""
    site = _site(tmp_path, program)
    settings = site / "partwork.toml"
    far = '[[webhooks]]\nname = "far"\nurl = "https://example.org/"\nsecret_file = "hook"\n'
    settings.write_text(settings.read_text() + far)
    with open_site(site, "2026-03-09T09:05Z") as app:
        assert [one.name for one in app.desk.hooks] == ["crm"]
    with open_site(site) as app:
        assert [one.name for one in app.desk.hooks] == ["crm", "far"]

"""`/api`: who gets in, pages of lists, what is done once, and what programs may not decide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from pipeline import jobs, store
from pipeline.errors import UsageError
from pipeline.jobs import Wish
from pipeline.model import ApiScope, SubscriberStatus
from tests.pipeline.test_joining import Place, opened
from tests.sites import SETTINGS, received

CONSENT = {"consent_at": "2026-03-01T10:00:00+01:00", "consent_source": "shop, box ticked"}


@dataclass
class Program:
    """Somebody with a token."""

    place: Place
    token: str

    def __call__(self, method: str, path: str, said: Any = None, key: str = "") -> Response:
        """Ask for something below `/api/`."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if key:
            headers["Idempotency-Key"] = key
        return self.place.client.request(method, f"/api/{path}", json=said, headers=headers)

    def all(self, path: str, limit: int = 2) -> list[Any]:
        """A whole list, page by page."""
        found, cursor = [], ""
        while True:
            mark = "&" if "?" in path else "?"
            got = self("GET", f"{path}{mark}limit={limit}&cursor={cursor}").json()
            found += got["items"]
            cursor = got["next"] or ""
            if not cursor or not got["items"]:
                return found


@pytest.fixture
def program(tmp_path: Path, database_url: str) -> Iterator[Program]:
    """A program that may change things, and a site with a guide of five parts; either database."""
    with opened(tmp_path, f'{SETTINGS}[store]\nurl = "{database_url}"\n') as place:
        token = jobs.new_token(place.app.desk, "crm", ApiScope.WRITE, 30, place.now)
        yield Program(place, token)


def test_only_tokens_of_ours_get_in(program: Program) -> None:
    """None, another, a revoked or an old one do not; one for reading changes nothing."""
    desk, client = program.place.app.desk, program.place.client
    assert program("GET", "guides").status_code == 200
    nobody = client.get("/api/guides")
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert nobody.headers["content-type"] == "application/problem+json"
    assert nobody.headers["cache-control"] == "no-store"
    assert Program(program.place, program.token + "x")("GET", "guides").status_code == 401
    reader = Program(program.place, jobs.new_token(desk, "r", ApiScope.READ, 0, program.place.now))
    assert reader("GET", "guides").status_code == 200
    refused = reader("POST", "subscribers", {"email": "a@example.org"})
    assert (refused.status_code, refused.json()["title"]) == (403, "Forbidden")
    assert program("GET", "subscribers").json()["items"] == []
    jobs.revoke(desk, "r")
    assert reader("GET", "guides").status_code == 401
    program.place.now += timedelta(days=30)
    assert program("GET", "guides").status_code == 401
    with pytest.raises(UsageError, match="known: crm"):
        jobs.revoke(desk, "nobody")


def test_tokens_are_not_kept(program: Program) -> None:
    """No file of the site holds one (P03); two of a name there cannot be."""
    with pytest.raises(UsageError, match="there is a token"):
        jobs.new_token(program.place.app.desk, "crm", ApiScope.READ, 0, program.place.now)
    secret = program.token.encode()
    for path in program.place.folder.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes()


def test_whoever_did_not_agree_is_not_mailed(program: Program) -> None:
    """Without both fields of consent they are pending, whatever else is said (W15, I06)."""
    for said in ({}, {"consent_at": CONSENT["consent_at"]}, {"consent_source": "shop"}):
        got = program("POST", "subscribers", {"email": "a@example.org", **said})
        assert got.json()["status"] == "pending"
    assert (
        program("POST", "subscribers", {"email": "b@example.org", "status": "active"}).status_code
        == 422
    )
    got = program("POST", "subscribers", {"email": "c@example.org", **CONSENT})
    assert (got.status_code, got.json()["status"]) == (201, "active")
    where = f"https://news.example.org/api/subscribers/{got.json()['id']}"
    assert got.headers["location"] == where
    assert got.json()["consent_at"] == "2026-03-01T09:00:00Z"


def test_somebody_added_gets_their_parts(program: Program) -> None:
    """A drip from part 1, paused and resumed, left for good."""
    said = {"email": "a@example.org", "guides": ["water"], "mode": "drip", "cadence": "1d"}
    program("POST", "subscribers", said | CONSENT)
    place, mine = program.place, "subscribers/1/subscriptions/water"
    place.pass_by()
    place.days(1)
    assert len(received(place.folder, "a@example.org")) == 2
    until = (place.now + timedelta(days=3)).isoformat()
    paused = program("PUT", mine, {"mode": "drip", "cadence": "1d", "paused_until": until})
    assert (paused.status_code, paused.json()["paused_until"][:10]) == (200, until[:10])
    place.days(2)
    assert len(received(place.folder, "a@example.org")) == 2
    resumed = program("PUT", mine, {"mode": "drip", "cadence": "1d"}).json()
    assert resumed["paused_until"] is None
    place.days(2)
    assert len(received(place.folder, "a@example.org")) == 4
    assert program("DELETE", mine).status_code == 204
    assert program("DELETE", mine).status_code == 204
    assert program("PUT", mine, {}).status_code == 409
    place.days(2)
    assert len(received(place.folder, "a@example.org")) == 4
    assert place.events() == ["added", "changed", "changed", "left"]


def test_another_pace_or_mode_is_a_change(program: Program) -> None:
    """From live to a drip is a new run, which begins with part 1; the same again is no event."""
    program("POST", "subscribers", {"email": "a@example.org", "guides": ["water"], **CONSENT})
    mine = "subscribers/1/subscriptions/water"
    drip = program("PUT", mine, {"mode": "drip", "cadence": "2d"}).json()
    assert (drip["mode"], drip["cadence"], drip["run"]) == ("drip", "2d", 2)
    program.place.pass_by()
    assert len(received(program.place.folder, "a@example.org")) == 1
    program("PUT", mine, {"mode": "drip", "cadence": "2d"})
    assert program("PUT", mine, {"mode": "drip", "cadence": "1d"}).json()["run"] == 2
    assert program("PUT", mine, {"mode": "live"}).json()["mode"] == "live"
    assert program.place.events() == ["added", *["changed"] * 3]
    for wrong in ({"mode": "drip", "cadence": "often"}, {"cadence": "1d"}, {"mode": "weekly"}):
        assert program("PUT", mine, wrong).status_code == 422
    for until in ("2026-03-01T00:00:00Z", "2036-01-01T00:00:00Z", "2026-04-01", 5):
        assert program("PUT", mine, {"paused_until": until}).status_code == 422
    assert program("PUT", "subscribers/9/subscriptions/water", {}).status_code == 404
    assert program("PUT", "subscribers/1/subscriptions/fire", {}).status_code == 422


def test_who_is_not_to_be_mailed_stays_so(program: Program) -> None:
    """Suppressed or erased: no program brings them back."""
    program("POST", "subscribers", {"email": "a@example.org", **CONSENT})
    with program.place.app.desk.store.write() as tx:
        store.subscribers.suppress(tx, 1)
    assert program("PUT", "subscribers/1/subscriptions/water", {}).status_code == 409
    program("POST", "subscribers", {"email": "b@example.org", **CONSENT})
    assert program("DELETE", "subscribers/2").status_code == 204
    assert program("DELETE", "subscribers/2").status_code == 404
    assert program("GET", "subscribers/2").status_code == 404
    assert program("POST", "subscribers", {"email": "b@example.org", **CONSENT}).status_code == 409


def test_who_is_erased_is_in_no_kept_answer(program: Program) -> None:
    """An answer that would be given again does not remember them (S11)."""
    said = {"email": "a@example.org", **CONSENT}
    assert program("POST", "subscribers", said, key="k").status_code == 201
    program("DELETE", "subscribers/1")
    assert program("POST", "subscribers", said, key="k").status_code == 409


def test_a_request_that_comes_again_is_answered_as_before(program: Program) -> None:
    """The same key, the same answer, for a day; another request under it is refused."""
    said = {"email": "a@example.org", **CONSENT}
    first = program("POST", "subscribers", said, key="k1")
    again = program("POST", "subscribers", said, key="k1")
    assert (again.status_code, again.text) == (201, first.text)
    assert again.headers["location"] == first.headers["location"]
    assert program("POST", "subscribers", said, key="k2").status_code == 200
    other = program("POST", "subscribers", {"email": "b@example.org"}, key="k1")
    assert (other.status_code, "another request" in other.json()["detail"]) == (422, True)
    program.place.now += timedelta(hours=25)
    assert program("POST", "subscribers", {"email": "b@example.org"}, key="k1").status_code == 201


def test_a_request_that_came_to_nothing_may_come_again(program: Program) -> None:
    """An answer that something does not fit is not kept: its key is free."""
    assert program("POST", "subscribers", {"email": "a@"}, key="k").status_code == 422
    assert program("POST", "subscribers", {"email": "a@example.org"}, key="k").status_code == 201


def test_a_worker_that_died_is_not_waited_for(program: Program) -> None:
    """For a minute the same request is told to wait; then it is done."""
    desk, said = program.place.app.desk, {"email": "a@example.org"}

    program("POST", "subscribers", said, key="k")
    with desk.store.write() as tx:
        known = store.answers.begin(
            tx, store.answers.Asked("crm", "k", ""), program.place.now, program.place.now
        )
        assert known is not None
        asked = store.answers.Asked("crm", "k", known.digest)
        store.answers.forget(tx, asked)
        assert store.answers.begin(tx, asked, program.place.now, program.place.now) is None
    assert program("POST", "subscribers", said, key="k").status_code == 409
    program.place.now += timedelta(seconds=61)
    assert program("POST", "subscribers", said, key="k").status_code == 200


def test_many_at_once_with_one_key_do_it_once(program: Program) -> None:
    """Eight at a time: one is added, each is answered 201 or told to wait."""
    said = {"email": "a@example.org", **CONSENT}
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: program("POST", "subscribers", said, key="k"), range(8)))
    assert {one.status_code for one in got} <= {201, 409}
    assert program.place.events() == ["added"]


def test_lists_come_page_by_page(program: Program) -> None:
    """Each row once, also when rows come while it is read; a filter holds on every page."""
    desk = program.place.app.desk
    for number in range(7):
        jobs.subscribe(desk, Wish(f"r{number}@example.org"), program.place.now)
    program.place.pass_by(timedelta(days=1))
    program("POST", "subscribers", {"email": "p@example.org"})
    people = program.all("subscribers")
    assert [one["id"] for one in people] == list(range(1, 9))
    assert [one["email"] for one in program.all("subscribers?status=pending")] == ["p@example.org"]
    assert len(program.all("subscribers?email=R3@example.org")) == 0  # the name's case counts
    assert len(program.all("subscribers?email=r3@EXAMPLE.org")) == 1
    assert [one["number"] for one in program.all("issues")] == [1, 2, 3, 4, 5]
    assert len(program.all("subscriptions?guide=water")) == 7
    assert len(program.all("subscriptions?subscriber_id=3")) == 2
    issue = program("GET", "issues/water/5").json()
    sent = program.all("deliveries?state=sent")
    planned = sum(issue["deliveries"].values())
    assert len(program.all(f"deliveries?issue_id={issue['id']}")) == planned
    assert len({(one["issue_id"], one["subscriber_id"]) for one in sent}) == len(sent)


def test_events_are_read_on_from_where_one_was(program: Program) -> None:
    """The cursor of a page asks for what came after it, today or next week."""
    first = program("GET", "events").json()
    assert [one["type"] for one in first["items"]] == ["issue.released"] * 5
    nothing = program("GET", f"events?cursor={first['next']}").json()
    assert nothing == {"items": [], "next": first["next"]}
    program("POST", "subscribers", {"email": "a@example.org", **CONSENT})
    program("DELETE", "subscribers/1/subscriptions/*")
    fresh = program("GET", f"events?cursor={nothing['next']}").json()["items"]
    assert [one["type"] for one in fresh] == ["subscriber.added", "subscriber.left"]
    assert len(program.all("events?type=issue.released")) == 5
    assert len(program.all("events?subscriber_id=1")) == 2


def test_an_issue_is_held_back_and_let_go(program: Program) -> None:
    """Asked for twice it is the same; what is not out cannot be held."""
    assert program("PUT", "issues/water/1/pause", {"why": "a wrong figure"}).status_code == 200
    assert program("GET", "issues/water/1").json()["paused"] == "a wrong figure"
    assert program("DELETE", "issues/water/1/pause").json() == {"deliveries": 0}
    assert program("GET", "issues/water/1").json()["paused"] is None
    for method in ("PUT", "DELETE"):
        assert program(method, "issues/water/9/pause", {}).status_code == 404


def test_a_signup_asks_its_mailbox(program: Program) -> None:
    """As from our own page: the same answer for all, a letter, nothing before it is confirmed."""
    said = {"email": "Robin@example.org", "guide": "water", "terms": "shop v3"}
    assert (program("POST", "signups", said).status_code, program.all("subscribers")) == (202, [])
    page = program.place.confirm()
    assert page.status_code == 200
    (person,) = program.all("subscribers")
    assert (person["status"], person["consent_source"]) == (SubscriberStatus.ACTIVE.value, "page")
    assert program("POST", "signups", said | {"guide": "fire"}).status_code == 422


def test_what_is_changed_is_what_was_said(program: Program) -> None:
    """A profile's other fields stay; null takes the hour away; nonsense changes nothing."""
    program("POST", "subscribers", {"email": "a@example.org", "name": "A", "hour": 7, **CONSENT})
    changed = program("PATCH", "subscribers/1", {"zone": "Europe/Berlin"}).json()
    assert (changed["name"], changed["hour"], changed["zone"]) == ("A", 7, "Europe/Berlin")
    assert program("PATCH", "subscribers/1", {"hour": None}).json()["hour"] is None
    for wrong in (
        {"hour": 24},
        {"hour": "7"},
        {"zone": "Nowhere"},
        {"status": "active"},
        {"name": "a\nb"},
    ):
        assert program("PATCH", "subscribers/1", wrong).status_code == 422
    assert program("GET", "subscribers/1").json()["zone"] == "Europe/Berlin"


def test_somebody_may_have_their_data(program: Program) -> None:
    """The same document as on their own page."""
    program("POST", "subscribers", {"email": "a@example.org", **CONSENT})
    found = program("GET", "subscribers/1/data").json()
    assert found["subscriber"]["address"] == "a@example.org"
    assert re.match(r"\d{4}-\d\d-\d\dT", found["subscriber"]["created_at"])
    assert program("GET", "subscribers/2/data").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"[" * 60_000, 400), (b"{", 422), (b"\xff", 400), (b"x" * 70_000, 413)],
)
def test_hostile_bodies_are_refused_at_once(program: Program, body: bytes, status: int) -> None:
    """Deep, broken, in no coding, too large (W19)."""
    headers = {"Authorization": f"Bearer {program.token}", "Content-Type": "application/json"}
    got = program.place.client.post("/api/subscribers", content=body, headers=headers)
    assert got.status_code == status


def test_its_description_is_there_without_a_page_of_others(program: Program) -> None:
    """OpenAPI 3.1 for everybody; no page that would load scripts from elsewhere."""
    client = program.place.client
    described = client.get("/api/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert described["servers"] == [{"url": "https://news.example.org/api"}]
    assert client.get("/api/docs").status_code == client.get("/docs").status_code == 404
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            assert one["description"], (method, path)
            assert one.get("security") == ([{"token": []}] if "incoming" not in path else None)

"""jobs: what they decide between the stages and the edges."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn, Self

import pytest

from pipeline import jobs
from pipeline.app import open_site
from pipeline.errors import RankerError, UsageError
from pipeline.guide import Accept
from pipeline.model import DeliveryState, Message, Mode, Reply
from tests.sites import make_site, numbers, outbox, received, run_once, subscribe, write_guide

MONDAY, NEXT = "2026-03-09T09:05+01:00", "2026-03-16T09:05+01:00"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a guide and three readers."""
    made = make_site(tmp_path / "site")
    write_guide(made)
    for name in ("a", "b", "c"):
        subscribe(made, f"{name}@example.org", MONDAY)
    return made


class Breaking:
    """A transport that takes some messages and then breaks."""

    name, connections, rate, weight = "a double", 1, 0.0, 1.0
    since: datetime | None = None

    def __init__(self, taken: int, reply: Reply | None = None) -> None:
        self.taken, self.reply = taken, reply
        self.messages: list[Message] = []

    def connect(self) -> Breaking:
        """Itself."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def session(self) -> Breaking:
        """Itself."""
        return self

    def transaction(
        self,
        message: Message,
        before_dot: Callable[[Message], None] | None = None,
        following: Message | None = None,
    ) -> Generator[NoReturn, None, Reply]:
        """What `send` does, in no steps."""
        yield from ()
        return self.send(message, before_dot, following)

    def farewell(self) -> Generator[NoReturn, None, None]:
        """Nobody to say goodbye to."""
        yield from ()

    def forget(self, _address: str) -> int:
        """Nothing is kept."""
        return 0

    def send(
        self,
        message: Message,
        before_dot: Callable[[Message], None] | None = None,
        following: Message | None = None,
    ) -> Reply:
        """250 while it lasts; then the reply it was given, or an error nobody foresaw."""
        assert before_dot is not None
        before_dot(message)
        if len(self.messages) < self.taken:
            self.messages.append(message)
            return Reply(250, "ok", "2.0.0", after_dot=True)
        if self.reply is not None:
            return self.reply
        raise ConnectionResetError(104, "reset")


@pytest.mark.parametrize("moment", ["1970-01-01T00:00:07Z", "2106-02-07T06:28:16Z"])
def test_a_clock_that_cannot_be_right_sends_nothing(tmp_path: Path, moment: str) -> None:
    """Neither what is not due in 1970 nor everything at once in 2106 (L04)."""
    site = make_site(tmp_path / "site")
    write_guide(site)
    subscribe(site, "a@example.org", "2026-03-09T09:05+01:00")
    with pytest.raises(UsageError, match="set the clock"):
        run_once(site, moment)
    with open_site(site, moment) as app:
        for job in (jobs.deliver, jobs.send_letters):
            with pytest.raises(UsageError, match="set the clock"):
                job(app.desk, app.desk.clock())
    assert not (site / "var/outbox").exists() or not outbox(site)
    assert list((site / "feeds").glob("*")) == []
    assert run_once(site, "2026-03-09T09:05+01:00").publishing.released


def test_a_transport_that_breaks_loses_nothing(site: Path) -> None:
    """What was taken is sent, what was not goes out at the next tick, once each."""
    with open_site(site, MONDAY) as app:
        broken = Breaking(1)
        report = jobs.tick(replace(app.desk, transports=(broken,)), app.desk.clock())
        assert report.delivering.problems
        assert len(broken.messages) == 1
        again = jobs.tick(app.desk, app.desk.clock())
        assert again.delivering.states == {DeliveryState.SENT: 2}
    readers = sorted([broken.messages[0].rcpt_to, *(str(one["To"]) for one in outbox(site))])
    assert readers == ["a@example.org", "b@example.org", "c@example.org"]


def test_a_message_that_may_have_arrived_is_not_sent_again(site: Path) -> None:
    """A connection lost after the text was handed over leaves the delivery uncertain, and seen."""
    with open_site(site, MONDAY) as app:
        lost = Breaking(2, Reply(0, "connection lost", after_dot=True))
        report = jobs.tick(replace(app.desk, transports=(lost,)), app.desk.clock())
        assert report.delivering.states == {DeliveryState.SENT: 2, DeliveryState.UNCERTAIN: 1}
        assert jobs.tick(app.desk, app.desk.clock()).delivering.states == {}
        (account,) = jobs.status(app.desk, app.desk.clock()).accounts
    assert (account.planned, dict(account.states)) == (3, {"sent": 2, "uncertain": 1})


def test_being_stopped_settles_and_leaves(site: Path) -> None:
    """Told to stop after a message, the sender settles it and gives the others back."""
    with open_site(site, MONDAY) as app:
        some = Breaking(9)
        stopped = replace(app.desk, transports=(some,), is_stopping=lambda: bool(some.messages))
        assert jobs.tick(stopped, app.desk.clock()).delivering.states == {DeliveryState.SENT: 1}
        (account,) = jobs.status(app.desk, app.desk.clock()).accounts
    assert dict(account.states) == {"pending": 2, "sent": 1}


def test_an_issue_is_compiled_once_for_all_senders(site: Path) -> None:
    """A second sender finds it compiled: it loads neither the inliner nor what writes feeds."""
    with open_site(site, MONDAY) as app:
        first = Breaking(1)
        jobs.tick(replace(app.desk, transports=(first,)), app.desk.clock())
    program = (
        "import sys; from pathlib import Path; from pipeline import jobs\n"
        "from pipeline.app import open_site\n"
        f"with open_site(Path(sys.argv[1]), {MONDAY!r}) as app:\n"
        "    assert jobs.deliver(app.desk, app.desk.clock()).sent == 2\n"
        "assert not {'premailer', 'lxml', 'feedgen', 'numpy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(site)], check=True)  # noqa: S603 -- ours
    assert len(outbox(site)) == 2


def test_what_is_changed_is_in_the_mail_that_is_left(site: Path) -> None:
    """What was compiled is not used any more when settings or templates are others."""
    with open_site(site, MONDAY) as app:
        jobs.tick(replace(app.desk, transports=(Breaking(1),)), app.desk.clock())
    file = site / "partwork.toml"
    file.write_text(file.read_text().replace("Test serials", "Renamed serials"))
    run_once(site, MONDAY)
    assert {str(one["From"]) for one in outbox(site)} == {"Renamed serials <news@example.org>"}


def test_leaving_counts_at_once(site: Path) -> None:
    """Who leaves between planning and sending gets nothing; their row says why."""
    with open_site(site, MONDAY) as app:
        jobs.tick(replace(app.desk, transports=(Breaking(0),)), app.desk.clock())
        person = jobs.subscriber(app.desk, "b@example.org")
        assert person
        assert jobs.leave(app.desk, person.subscriber.id, "water", app.desk.clock())
        jobs.tick(app.desk, app.desk.clock())
        after = jobs.subscriber(app.desk, "b@example.org")
    assert received(site, "b@example.org") == []
    assert len(outbox(site)) == 2
    assert after
    assert [one["state"] for one in after.deliveries] == ["cancelled"]


def test_a_damaged_ids_file_keeps_its_guide_in(site: Path) -> None:
    """The file is named, the guide waits, the others go on."""
    write_guide(site, "boats")
    (site / "content/boats.ids.json").write_text("{")
    report = run_once(site, MONDAY)
    assert (numbers(report), numbers(report, "boats")) == ([1], [])
    assert any("content/boats.ids.json:1" in str(one) for one in report.diagnostics)


def test_lost_ids_come_back_from_the_store(site: Path) -> None:
    """An ids file that was deleted is written again as it was."""
    run_once(site, MONDAY)
    path = site / "content/water.ids.json"
    before = path.read_bytes()
    path.unlink()
    run_once(site, MONDAY)
    assert path.read_bytes() == before


def test_a_withdrawn_guide_is_not_led_to(site: Path) -> None:
    """Related links lead to what is out and still stands."""
    write_guide(site, "boats")
    write_guide(site, "ships", front='cadence: "weekly mon 09:00"\nstart: 2026-03-16\n')
    run_once(site, MONDAY)
    path = site / "content/boats.md"
    path.write_text(path.read_text().replace("slug: boats", "slug: boats\nstatus: withdrawn"))
    released = [one.issue for one in run_once(site, NEXT).publishing.released]
    links = {link.path for issue in released for link in issue.related}
    assert links
    assert not any(path.startswith("boats/") for path in links)


def test_every_error_of_ours_is_one_line(site: Path) -> None:
    """`check` says what is wrong with templates and guides, each on a line of its own."""
    (site / "templates/page").mkdir(parents=True)
    (site / "templates/page/issue.html").write_text("\n{{ nosuch }}")
    (site / "content/bad.md").write_text("---\ntitle: [\n---\n")
    with open_site(site, MONDAY) as app:
        report = jobs.check(app.desk, app.desk.clock())
    assert report.problems == ("templates/page/issue.html:2: 'nosuch' is undefined",)
    told = [one for one in report.diagnostics if one.severity == "error"]
    assert {one.file for one in told} == {"content/bad.md"}
    assert all("\n" not in str(one) for one in told)


# ------------------------------------------------------------------ permanent ids


def test_a_doubt_about_ids_holds_one_guide_until_it_is_answered(tmp_path: Path) -> None:
    """The guide waits, its neighbour goes out; `--accept` keeps the ids and lets it go on."""
    site = make_site(tmp_path / "site")
    path = write_guide(site)
    write_guide(site, "land")
    run_once(site, "2026-03-09T10:00")
    text = path.read_text(encoding="utf-8")
    first = text.index("## All about rivers 0"), text.index("## All about bridges 1")
    other = "## Winter\n\n" + " ".join(f"Snow fell on field {n} in silence." for n in range(30))
    path.write_text(text[: first[0]] + other + "\n\n" + text[first[1] :], encoding="utf-8")
    held = run_once(site, "2026-03-16T10:00")
    assert [(one.file, one.rule) for one in held.diagnostics if one.severity == "error"] == [
        ("content/water.md", "ids")
    ]
    assert (numbers(held), numbers(held, "land")) == ([], [2])
    with open_site(site, "2026-03-16T10:00") as app:
        report = jobs.settle_ids(app.desk, "water", Accept.NEW)
    assert len(report.minted) == 1
    after = run_once(site, "2026-03-16T11:00")
    assert [one.issue.subject for one in after.publishing.released] == ["Winter"]


def test_a_copied_ids_file_is_refused_with_both_names(tmp_path: Path) -> None:
    """Two guides with one id: neither goes out, each is told of the other."""
    site = make_site(tmp_path / "site")
    path = write_guide(site)
    run_once(site, "2026-03-01T10:00")
    copy = path.with_name("copy.md")
    copy.write_text(path.read_text("utf-8").replace("slug: water", "slug: copy"), "utf-8")
    ids = path.with_name("water.ids.json")
    ids.with_name("copy.ids.json").write_bytes(ids.read_bytes())
    report = run_once(site, "2026-03-09T10:00")
    told = {one.file: one.message for one in report.diagnostics if one.rule == "ids"}
    assert "content/water.md" in told["content/copy.md"]
    assert "content/copy.md" in told["content/water.md"]
    assert report.publishing.released == ()


# ------------------------------------------------------------------ reviews

HEALTH = """cadence: "weekly mon 09:00"
zone: Europe/Berlin
start: 2026-03-09
profile: health
reviewer: {name: A clinician}
last_reviewed: 2025-03-12
next_review: 2026-03-12
disclaimer: Not advice.
citations: [{id: a, title: A study, url: "https://example.org/a"}]
"""


def test_an_overdue_review_holds_what_is_new(tmp_path: Path) -> None:
    """Parts and mails wait, the others go on; with the review renewed everything goes out."""
    site = make_site(tmp_path / "site")
    path = write_guide(site, front=HEALTH)
    write_guide(site, "land")
    subscribe(site, "ann@example.net", "2026-03-01T09:00")
    run_once(site, MONDAY)
    subscribe(site, "eve@example.net", NEXT, guides=("water",), mode=Mode.DRIP)
    held = run_once(site, NEXT)
    assert (numbers(held), numbers(held, "land")) == ([], [2])
    assert any("its review was due on 2026-03-12" in one for one in held.publishing.problems)
    (page,) = (site / "feeds/water").glob("1-*/index.html")
    banner = "The review of this guide was due on 12 March 2026"
    assert banner in page.read_text("utf-8")
    assert banner in (site / "feeds/water/index.html").read_text("utf-8")
    assert held.is_partial
    assert received(site, "eve@") == []
    (land,) = (one.issue for one in held.publishing.released)
    assert all("water/" not in link.path for link in land.related)
    text = path.read_text(encoding="utf-8").replace("2026-03-12", "2027-03-01")
    path.write_text(text.replace("last_reviewed: 2025-03-12", "last_reviewed: 2026-03-15"), "utf-8")
    after = run_once(site, NEXT)
    assert numbers(after) == [2]
    assert banner not in page.read_text("utf-8")
    assert len(received(site, "eve@")) == 1


def test_a_daemon_shows_the_banner_on_the_day(tmp_path: Path) -> None:
    """A pass that renders only what changed renders a guide whose review ran out since."""
    site = make_site(tmp_path / "site")
    write_guide(site, front=HEALTH)
    run_once(site, MONDAY)
    (page,) = (site / "feeds/water").glob("1-*/index.html")
    for day, shown in (("2026-03-12T10:00", False), ("2026-03-13T10:00", True)):
        with open_site(site, day) as app:
            report = jobs.tick(app.desk, app.desk.clock(), render_all=False)
        assert ("was due on" in page.read_text("utf-8")) is shown
        assert bool(report.published.written) is shown


# ------------------------------------------------------------------ rankers

PLUGIN = """
def shortest(query, pages):
    longest = max(len(page.title) for page in pages)
    return [1 - len(page.title) / (longest + 1) for page in pages]

def broken(query, pages):
    return [1.0]
"""


def test_a_package_brings_a_ranker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point of `partwork.rankers` scores pages; the gates hold; unknown ones are told."""
    packages = tmp_path / "packages"
    info = packages / "shortest-1.dist-info"
    info.mkdir(parents=True)
    (packages / "shortest_plugin.py").write_text(PLUGIN, "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shortest\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[partwork.rankers]\nshortest = shortest_plugin:shortest\nbroken = shortest_plugin:broken\n"
        "absent = no_such_module:x\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(packages))
    site = make_site(tmp_path / "site")
    write_guide(site)
    for slug in ("a", "bb", "ccc"):
        write_guide(site, slug, parts=1)
        path = site / f"content/{slug}.md"
        text = path.read_text("utf-8").replace("All about rivers 0", f"On {slug * 3}")
        path.write_text(text, "utf-8")
    monkeypatch.setenv("PARTWORK_RELATED__LINKS", "2")
    monkeypatch.setenv("PARTWORK_RELATED__RANKER", "nosuch")
    with pytest.raises(UsageError, match="known: fields, absent, broken, shortest"):
        run_once(site, MONDAY)
    monkeypatch.setenv("PARTWORK_RELATED__RANKER", "absent")
    with pytest.raises(UsageError, match="cannot be loaded"):
        run_once(site, MONDAY)
    monkeypatch.setenv("PARTWORK_RELATED__RANKER", "broken")
    with pytest.raises(RankerError, match="for 4 pages"):
        run_once(site, MONDAY)
    monkeypatch.setenv("PARTWORK_RELATED__RANKER", "shortest")
    report = run_once(site, MONDAY)
    links = {one.issue.guide: one.issue.related for one in report.publishing.released}
    assert [one.title for one in links["water"]][:1] == ["On aaa"]
    assert all(len(one) <= 2 for one in links.values())
    assert all(not link.path.startswith("water/") for link in links["water"])

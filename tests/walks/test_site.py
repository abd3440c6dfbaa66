"""The whole way: from a guide in content/ to feeds and inboxes, over weeks."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import feedparser
import pytest

from pipeline.errors import UsageError
from pipeline.model import DeliveryState
from tests.sites import (
    SETTINGS,
    feed_items,
    make_site,
    numbers,
    outbox,
    received,
    run_once,
    snapshot,
    subscribe,
    write_guide,
)

BERLIN = ZoneInfo("Europe/Berlin")
MONDAYS = [
    (datetime(2026, 3, 9, 9, 5, tzinfo=BERLIN) + timedelta(weeks=week)).isoformat()
    for week in range(8)
]
"""Eight weeks of Mondays at 09:05 local: the clocks change on 29 March."""

SEED = Path(os.environ.get("PARTWORK_SEED", Path(__file__).parents[3] / "shared/seed/guide.txt"))
SIDECAR = """
title = "Ketamine therapy"
slug = "water"
cadence = "weekly mon 09:00"
zone = "Europe/Berlin"
start = 2026-03-09
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with one guide in seven parts that begins on 9 March 2026."""
    made = make_site(tmp_path / "site")
    write_guide(made, parts=7)
    return made


@pytest.fixture
def seed_site(tmp_path: Path) -> Path:
    """A site with the plain-text guide that the product was asked for."""
    if not SEED.is_file():
        pytest.skip(f"LOUD: the seed guide is not at {SEED}; set PARTWORK_SEED")
    made = make_site(tmp_path / "site")
    (made / "content/water.txt").write_bytes(SEED.read_bytes())
    (made / "content/water.toml").write_text(SIDECAR, encoding="utf-8")
    return made


def test_one_part_a_week(seed_site: Path) -> None:
    """Eight weekly runs release the seven planned issues in order, each on its slot."""
    out = [numbers(run_once(seed_site, monday)) for monday in MONDAYS]
    assert out == [[1], [2], [3], [4], [5], [6], [7], []]
    titles = [str(item["title"]) for item in reversed(feed_items(seed_site))]
    assert titles == [
        "Ketamine therapy",
        "History of Ketamine",
        "How Ketamine Works",
        "Uses of Ketamine Therapy",
        "Benefits of Ketamine Therapy · Safety and Side Effects",
        "Important Considerations · The Future of Ketamine Therapy",
        "Conclusion",
    ]


def test_a_call_made_twice_does_nothing_more(site: Path) -> None:
    """Each week called twice releases each part once; the second call changes no byte."""
    subscribe(site, "reader@example.org", MONDAYS[0])
    for week, monday in enumerate(MONDAYS[:7], start=1):
        assert numbers(run_once(site, monday)) == [week]
        before = snapshot(site)
        again = run_once(site, monday)
        assert numbers(again) == []
        assert again.published.written == ()
        assert snapshot(site) == before
    assert len(received(site, "reader@example.org")) == 7


@pytest.mark.parametrize("skipped", range(7))
def test_a_skipped_week_is_caught_up_in_order(site: Path, skipped: int) -> None:
    """After a missed week the overdue part comes first, one a call, none lost or doubled."""
    out = [
        number
        for week, monday in enumerate(MONDAYS)
        if week != skipped
        for number in numbers(run_once(site, monday))
    ]
    assert out == [1, 2, 3, 4, 5, 6, 7]


def test_the_clock_change_moves_nothing(site: Path) -> None:
    """At 08:59 local nothing is due, at 09:00 the part is, before and after 29 March."""
    for week in range(7):
        local = datetime(2026, 3, 9, 8, 59, tzinfo=BERLIN) + timedelta(weeks=week)
        assert numbers(run_once(site, local.isoformat())) == []
        assert numbers(run_once(site, (local + timedelta(minutes=1)).isoformat())) == [week + 1]


def test_a_run_too_far_behind_is_held(site: Path) -> None:
    """More than two weeks late nothing goes out before the operator says how."""
    run_once(site, MONDAYS[0])
    late = run_once(site, MONDAYS[4])
    assert numbers(late) == []
    assert [(one.guide, one.number) for one in late.publishing.held] == [("water", 2)]
    assert late.is_partial


def test_a_drip_reader_starts_at_part_one(site: Path) -> None:
    """Who joins as a drip in week 5 gets part 1 then, and each later part a week apart."""
    subscribe(site, "live@example.org", MONDAYS[0])
    weeks = [(datetime.fromisoformat(MONDAYS[0]) + timedelta(weeks=n)) for n in range(12)]
    counts = []
    for week, moment in enumerate(weeks):
        if week == 4:
            subscribe(site, "drip@example.org", moment.isoformat(), mode="drip")
        run_once(site, moment.astimezone(BERLIN).isoformat())
        counts.append(len(received(site, "drip@example.org")))
    assert counts == [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    live, drip = received(site, "live@example.org"), received(site, "drip@example.org")
    assert live == drip[:7]
    assert drip[7:] == ["You have read all of A guide to water"]


def test_a_drip_has_a_calendar_of_its_own(site: Path) -> None:
    """Cadence, zone and hour of a drip are the reader's, from part 1 on."""
    for monday in MONDAYS:
        run_once(site, monday)
    start = datetime(2026, 6, 1, 12, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    subscribe(
        site, "drip@example.org", start.isoformat(),
        mode="drip", cadence="every 2 days", zone="Asia/Tokyo", hour="7",
    )  # fmt: skip
    out: list[str] = []
    for day in range(8):
        for hour, minute in ((6, 59), (7, 0), (12, 0)):
            moment = start + timedelta(days=day, hours=hour - 12, minutes=minute)
            if moment >= start and run_once(site, moment.isoformat()).drips_planned:
                out.append(f"{moment:%d %H:%M}")
    assert out == ["02 07:00", "04 07:00", "06 07:00", "08 07:00"]


def test_a_local_hour_is_kept(site: Path) -> None:
    """A live reader who wants mail at 7 gets it at their next 7 o'clock, others at once."""
    subscribe(site, "now@example.org", MONDAYS[0])
    subscribe(site, "seven@example.org", MONDAYS[0], hour="7", zone="Europe/Berlin")
    run_once(site, MONDAYS[0])
    assert (len(received(site, "now@example.org")), len(received(site, "seven@example.org"))) == (
        1, 0,
    )  # fmt: skip
    run_once(site, "2026-03-10T06:59+01:00")
    assert received(site, "seven@example.org") == []
    run_once(site, "2026-03-10T07:00+01:00")
    assert len(received(site, "seven@example.org")) == 1


def test_feeds_are_read_without_complaint(site: Path) -> None:
    """Feedparser reads RSS and Atom; ids, titles, links and text agree in all three formats."""
    write_guide(site, "boats", parts=7)
    for monday in MONDAYS[:3]:
        run_once(site, monday)
    rss = feedparser.parse((site / "feeds/water/rss.xml").read_bytes())
    atom = feedparser.parse((site / "feeds/water/atom.xml").read_bytes())
    items = feed_items(site)
    assert (rss.bozo, atom.bozo) == (False, False)
    assert [one.id for one in rss.entries] == [one.id for one in atom.entries]
    assert [one.id for one in rss.entries] == [one["id"] for one in items]
    assert [one.title for one in rss.entries] == [one["title"] for one in items]
    assert [one.link for one in atom.entries] == [one["url"] for one in items]
    for one, item in zip(atom.entries, items, strict=True):
        assert re.match(r"tag:example\.org,2026-03-\d\d:[0-9a-f-]{36}$", one.id)
        seen = one.content[0].value.replace("<br />", "<br>")  # feedparser writes it so
        assert seen == item["content_html"]
        assert "explains where" in one.content[0].value
        related = {link.href for link in one.links if link.rel == "related"}
        assert related
        assert all("/boats/" in href for href in related)


def test_the_mail_says_what_the_feed_says(site: Path) -> None:
    """Every paragraph of the feed entry stands in the HTML and in the text of the message."""
    subscribe(site, "reader@example.org", MONDAYS[0])
    run_once(site, MONDAYS[0])
    (message,) = outbox(site)
    assert message.get_content_type() == "multipart/alternative"
    assert message.defects == []
    parts = {part.get_content_subtype(): part for part in message.iter_parts()}
    assert list(parts) == ["plain", "html"]
    html, text = parts["html"].get_content(), parts["plain"].get_content()
    item = feed_items(site)[0]
    paragraphs = re.findall(r"<p>(Paragraph .*?)</p>", str(item["content_html"]), re.DOTALL)
    assert len(paragraphs) == 4
    for paragraph in paragraphs:
        words = " ".join(paragraph.split())
        assert words in " ".join(re.sub(r"<[^>]+>", " ", html).split())
        assert words in " ".join(text.split())
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.match(r"<https://news\.example\.org/u/[\w.-]+>", message["List-Unsubscribe"])


def test_a_message_keeps_its_id(site: Path) -> None:
    """The Message-ID of an issue for a reader is the same whenever it is made again."""
    subscribe(site, "reader@example.org", MONDAYS[0])
    run_once(site, MONDAYS[0])
    (first,) = outbox(site)
    for path in (site / "var/outbox/new").iterdir():
        path.unlink()
    secret = (site / "var/secret").read_bytes()
    for name in ("partwork.db", "secret"):
        (site / "var" / name).unlink()
    (site / "var/secret").write_bytes(secret)
    subscribe(site, "reader@example.org", MONDAYS[0])
    run_once(site, MONDAYS[0])
    (second,) = outbox(site)
    assert first["Message-ID"] == second["Message-ID"]


def test_a_broken_guide_keeps_no_other_back(site: Path) -> None:
    """Bad front matter, an unknown key and broken UTF-8 are named with file and line."""
    content = site / "content"
    (content / "a-front.md").write_text("---\ntitle: [unclosed\n---\n\n## One\n\nText.\n")
    (content / "b-key.md").write_text("---\ntitle: B\ncadense: daily\n---\n\n## One\n\nText.\n")
    (content / "c-bytes.md").write_bytes(b"---\ntitle: C\n---\n\n## One\n\nbroken \xff\xfe byte\n")
    report = run_once(site, MONDAYS[0])
    assert numbers(report) == [1]
    assert report.is_partial
    told = "\n".join(str(one) for one in report.diagnostics)
    assert "content/a-front.md:" in told
    assert re.search(r"content/b-key\.md:3: error: .*cadense.*cadence", told)
    assert re.search(r"content/c-bytes\.md:7: error: .*byte \d+ is not UTF-8", told)


def test_two_guides_of_one_slug_both_stay_in(site: Path) -> None:
    """Where two files claim one slug neither goes out, both are named, the rest goes on."""
    write_guide(site, "twin")
    (site / "content/other.md").write_bytes((site / "content/twin.md").read_bytes())
    report = run_once(site, MONDAYS[0])
    assert numbers(report) == [1]
    assert numbers(report, "twin") == []
    files = {one.file for one in report.diagnostics if one.severity == "error"}
    assert files == {"content/twin.md", "content/other.md"}


def test_an_earlier_slug_stays_taken(site: Path) -> None:
    """A guide cannot take the slug that another one had before."""
    write_guide(site, "boats", front="aliases: [water]\n")
    report = run_once(site, MONDAYS[0])
    assert numbers(report) == []
    told = [str(one) for one in report.diagnostics if one.severity == "error"]
    assert any(re.match(r"content/boats\.md:4: .*'water'.*content/water\.md", one) for one in told)


def test_a_guide_that_breaks_later_stays_published(site: Path) -> None:
    """A guide whose file is broken or gone keeps its feeds and pages; they promise no dates."""
    run_once(site, MONDAYS[0])
    page = site / "feeds/water/index.html"
    feeds = {name: one for name, one in snapshot(site / "feeds").items() if "html" not in name}
    assert "16 March 2026" in page.read_text()
    for broken in (True, False):
        (site / "content/water.md").write_text("---\ntitle: [\n---\n")
        if not broken:
            (site / "content/water.md").unlink()
        run_once(site, MONDAYS[1])
        run_once(site, MONDAYS[2])
        now = {name: one for name, one in snapshot(site / "feeds").items() if "html" not in name}
        assert now == feeds
        assert "All about rivers 0" in page.read_text()
        assert "16 March 2026" not in page.read_text()


def test_an_inserted_section_shifts_nothing(site: Path) -> None:
    """A section added before those that are out is published next; nothing goes out twice."""
    run_once(site, MONDAYS[0])
    path = site / "content/water.md"
    added = "## A new beginning\n\n" + "Word upon word. " * 40 + "\n\n## All about rivers 0"
    path.write_text(path.read_text().replace("## All about rivers 0", added, 1))
    for monday in (*MONDAYS[1:], "2026-05-04T09:05+02:00"):
        run_once(site, monday)
    titles = [str(item["title"]) for item in reversed(feed_items(site))]
    assert titles[:3] == ["All about rivers 0", "A new beginning", "All about bridges 1"]
    assert len(titles) == len(set(titles)) == 8


def test_ids_outlive_everything_but_the_writer(site: Path) -> None:
    """Ids stay when the host, the order and a title change, and when the database is lost."""
    run_once(site, MONDAYS[0])
    (first,) = feed_items(site)
    settings = SETTINGS.replace("news.example.org", "other.example.net")
    (site / "partwork.toml").write_text(settings)
    path = site / "content/water.md"
    path.write_text(path.read_text().replace("## All about rivers 0", "## On rivers"))
    (site / "var/partwork.db").unlink()
    run_once(site, MONDAYS[0])
    (second,) = feed_items(site)
    assert (second["id"], second["title"]) == (first["id"], "On rivers")


def test_a_simulated_clock_mails_nobody_elsewhere(site: Path) -> None:
    """With --now a relay on another machine is refused before anything is done."""
    (site / "partwork.toml").write_text(SETTINGS + '\n[smtp]\nhost = "mail.example.org"\n')
    with pytest.raises(UsageError, match=r"mail\.example\.org"):
        run_once(site, MONDAYS[0])
    assert not (site / "feeds").exists()


def test_a_dead_relay_loses_nothing(site: Path) -> None:
    """Feeds go out, the messages wait, the report says why; later they arrive."""
    subscribe(site, "reader@example.org", MONDAYS[0])
    (site / "partwork.toml").write_text(
        SETTINGS + '\n[smtp]\nhost = "127.0.0.1"\nport = 9\n', encoding="utf-8"
    )
    report = run_once(site, MONDAYS[0])
    assert numbers(report) == [1]
    assert report.delivering.problems
    assert report.is_partial
    (site / "partwork.toml").write_text(SETTINGS, encoding="utf-8")
    report = run_once(site, MONDAYS[0])
    assert report.delivering.states == {DeliveryState.SENT: 1}

"""jobs: what is out follows its guide, under the same id and date; sent mail is not sent again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import jobs
from pipeline.app import open_site
from pipeline.errors import UsageError
from tests.sites import feed_items, make_site, outbox, run_once, subscribe, write_guide

FIRST, LATER = "2026-03-09T09:05+01:00", "2026-03-11T15:00+01:00"
HEALTH = """cadence: "weekly mon 09:00"
zone: Europe/Berlin
start: 2026-03-09
profile: health
reviewer: {name: A clinician}
last_reviewed: 2026-03-01
next_review: 2027-03-01
disclaimer: Not advice.
citations: [{id: a, title: A study, url: "https://example.org/a"}]
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a reader, whose guide has its first part out."""
    site = make_site(tmp_path / "site")
    subscribe(site, "ann@example.net", "2026-03-01T09:00")
    write_guide(site)
    run_once(site, FIRST)
    return site


def edit(site: Path, old: str, new: str) -> None:
    """Change the guide's file."""
    path = site / "content/water.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def item(site: Path) -> dict[str, Any]:
    """The first part in the JSON feed."""
    return dict(feed_items(site)[-1])


def page(site: Path) -> str:
    """The first part's page."""
    (path,) = (site / "feeds/water").glob("1-*/index.html")
    return path.read_text(encoding="utf-8")


def test_a_cosmetic_edit_does_nothing(site: Path) -> None:
    """White space and quotes leave every published byte as it was."""
    before = page(site)
    edit(site, "Paragraph 0 about rivers explains", "Paragraph 0  about\nrivers explains")
    report = run_once(site, LATER)
    assert report.publishing.revised == ()
    assert page(site) == before


def test_a_minor_edit_changes_the_text_and_no_date(site: Path) -> None:
    """One word: the feed and the page say it, `updated` stays."""
    before = item(site)
    edit(site, "Paragraph 0 about rivers", "Paragraph 0 about streams")
    report = run_once(site, LATER)
    assert [(one.edit, one.issue.number) for one in report.publishing.revised] == [("minor", 1)]
    after = item(site)
    assert "about streams" in after["content_html"]
    assert "about streams" in page(site)
    same = {"content_html": "", "summary": ""}
    assert before | same == after | same


def test_a_substantive_edit_moves_updated_and_the_revision(site: Path) -> None:
    """The same id and first date, a later `date_modified`; nobody gets the part again."""
    before, mails = item(site), len(outbox(site))
    edit(site, "Paragraph 1 about rivers explains", "What follows was wrong: it explains")
    report = run_once(site, LATER)
    (revised,) = report.publishing.revised
    assert (revised.edit, revised.issue.revision) == ("substantive", 2)
    after = item(site)
    assert (after["id"], after["date_published"]) == (before["id"], before["date_published"])
    assert after["date_modified"] > before.get("date_modified", before["date_published"])
    assert "What follows was wrong" in page(site)
    assert len(outbox(site)) == mails == 1
    assert run_once(site, LATER).is_idle


def test_a_retitled_section_keeps_its_address(site: Path) -> None:
    """The title changes wherever it is shown, the page stays where links lead."""
    edit(site, "## All about rivers 0", "## Everything on rivers")
    before = item(site)
    run_once(site, LATER)
    after = item(site)
    assert (after["url"], after["id"]) == (before["url"], before["id"])
    assert after["title"] == "Everything on rivers"
    assert "<h1>Everything on rivers</h1>" in page(site)


def test_a_deleted_section_stays_where_it_went_out(site: Path) -> None:
    """The archive keeps what was sent; the rest of the guide goes on."""
    path = site / "content/water.md"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("## All about rivers 0"), text.index("## All about bridges 1")
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    report = run_once(site, "2026-03-16T09:05+01:00")
    assert report.publishing.revised == ()
    assert [one.issue.number for one in report.publishing.released] == [2]
    assert "Paragraph 0 about rivers" in page(site)


def test_a_deleted_guide_stays_in_the_archive_and_its_ids_are_not_used_again(site: Path) -> None:
    """Pages and feed stay; another guide under its name and file is told as such by its ids."""
    first = item(site)["id"]
    for path in (site / "content").iterdir():
        path.unlink()
    run_once(site, LATER)
    assert "Paragraph 0 about rivers" in page(site)
    assert item(site)["id"] == first
    write_guide(site, "other")
    run_once(site, LATER)
    assert first not in {one["id"] for one in feed_items(site, "other")}


def test_a_correction_is_a_dated_note(site: Path) -> None:
    """Feed and page show it, `updated` moves, nobody is mailed, a new reader's mail has it."""
    before = item(site)
    with open_site(site, LATER) as app:
        jobs.correct(app.desk, "water", 1, "The river runs <south>, not north.", app.desk.clock())
        now = app.desk.clock()
        jobs.rebuild(app.desk, jobs.serials(app.desk, now), now)
    note = "Correction, 11 March 2026: The river runs &lt;south&gt;, not north."
    assert note in page(site).replace("Mar ", "March ")
    after = item(site)
    assert "The river runs &lt;south&gt;" in after["content_html"]
    assert after["date_modified"] > before.get("date_modified", before["date_published"])
    assert run_once(site, LATER).delivering.states == {}
    subscribe(site, "eve@example.net", LATER, mode="drip")
    run_once(site, LATER)
    (mail,) = (one for one in outbox(site) if "eve@" in str(one["To"]))
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        assert "The river runs" in part.get_content()


def test_what_cannot_be_corrected_is_told(site: Path) -> None:
    """A part that is not out, an empty note, an edit that never was."""
    with open_site(site, LATER) as app:
        with pytest.raises(UsageError, match="no issue 3 that is out"):
            jobs.correct(app.desk, "water", 3, "Note", app.desk.clock())
        with pytest.raises(UsageError, match="empty or too long"):
            jobs.correct(app.desk, "water", 1, " \n", app.desk.clock())
        with pytest.raises(UsageError, match="not edited after its review"):
            jobs.confirm(app.desk, "water", 1)


def test_an_edit_after_the_review_is_told_until_it_is_confirmed(tmp_path: Path) -> None:
    """Under `health` the page and the feed say that the words are newer than the review."""
    site = make_site(tmp_path / "site")
    write_guide(site, front=HEALTH)
    run_once(site, FIRST)
    assert "after the last review" not in page(site)
    edit(site, "Paragraph 0 about rivers", "Paragraph 0 about streams")
    run_once(site, LATER)
    assert "after the last review" in page(site)
    assert "after the last review" in item(site)["content_html"]
    edit(site, "last_reviewed: 2026-03-01", "last_reviewed: 2026-03-12")
    run_once(site, "2026-03-12T15:00+01:00")
    assert "after the last review" not in page(site)
    edit(site, "Paragraph 0 about streams", "Paragraph 0 about brooks")
    run_once(site, "2026-03-14T15:00+01:00")
    assert "after the last review" in page(site)
    with open_site(site, "2026-03-14T16:00+01:00") as app:
        jobs.confirm(app.desk, "water", 1)
    run_once(site, "2026-03-14T16:00+01:00")
    assert "after the last review" not in page(site)


def test_a_renewed_review_is_shown_on_what_is_out(tmp_path: Path) -> None:
    """Dates of the review come from the guide as it is, without an update of the entry."""
    site = make_site(tmp_path / "site")
    write_guide(site, front=HEALTH)
    run_once(site, FIRST)
    before = json.dumps(item(site).get("date_modified"))
    edit(site, "last_reviewed: 2026-03-01", "last_reviewed: 2026-03-10")
    run_once(site, LATER)
    assert "10 Mar" in page(site)
    assert json.dumps(item(site).get("date_modified")) == before

"""jobs: a tick reads and renders what has changed, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline import guide, jobs
from pipeline.app import open_site
from pipeline.jobs.due_catalogue import due_catalogue
from tests.sites import make_site, run_once, snapshot, write_guide

FRONT = 'cadence: "weekly mon 09:00"\nzone: Europe/Berlin\nstart: 2026-03-09\ntags: [{tag}]\n'
NOW = "2026-03-10T10:00"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with three guides of which a part is out."""
    made = make_site(tmp_path / "site")
    for slug, tag in (("water", "wet"), ("roads", "dry"), ("boats", "wet")):
        write_guide(made, slug, front=FRONT.format(tag=tag))
    run_once(made, "2026-03-09T10:00")
    run_once(made, NOW)
    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the sources that are parsed."""
    names: list[str] = []
    parse = guide.parse

    def noted(source: guide.Source) -> guide.Parsed:
        names.append(source.name)
        return parse(source)

    monkeypatch.setattr(guide, "parse", noted)
    return names


def edit(site: Path, slug: str, before: str = "Paragraph 0", after: str = "Now it") -> None:
    """Change a guide's text."""
    path = site / f"content/{slug}.md"
    said = path.read_text("utf-8")
    assert before in said
    path.write_text(said.replace(before, after), "utf-8")


def test_guides_that_rest_are_not_read(site: Path, read: list[str]) -> None:
    """One that was edited is, and all of which something is due are."""
    run_once(site, NOW)
    assert read == []
    edit(site, "roads")
    assert len(run_once(site, NOW).publishing.revised) == 1
    assert read == ["content/roads.md"]
    read.clear()
    assert len(run_once(site, "2026-03-16T10:00").publishing.released) == 3
    assert sorted(read) == ["content/boats.md", "content/roads.md", "content/water.md"]


def test_another_edition_reads_everything(site: Path, read: list[str]) -> None:
    """New lint rules, templates or settings may say something else of what has not changed."""
    (site / "lint.yaml").write_text("- {id: x, severity: note, any: [y], message: z}\n")
    run_once(site, NOW)
    assert len(read) == 3


def test_a_clash_with_a_guide_that_rests_is_told(site: Path, read: list[str]) -> None:
    """Of a slug, and of ids that were copied along: both files are named, as if both were new."""
    other = site / "content/copy.md"
    other.write_text((site / "content/water.md").read_text("utf-8"))
    report = run_once(site, NOW)
    assert {one.file for one in report.diagnostics} == {"content/copy.md", "content/water.md"}
    other.write_text(other.read_text("utf-8").replace("slug: water", "slug: copy"))
    shutil.copy(site / "content/water.ids.json", site / "content/copy.ids.json")
    run_once(site, NOW)
    told = {one.file for one in run_once(site, NOW).diagnostics}
    assert told == {"content/copy.md", "content/water.md"}
    other.unlink()
    (site / "content/copy.ids.json").unlink()
    assert run_once(site, NOW).diagnostics == ()


def test_a_lost_ids_file_is_written_again(site: Path) -> None:
    """Though nothing else has changed."""
    path = site / "content/water.ids.json"
    before = path.read_text("utf-8")
    path.unlink()
    run_once(site, NOW)
    assert path.read_text("utf-8") == before


def test_links_lead_to_guides_that_rest(site: Path) -> None:
    """A new part is led to what has not been read again."""
    with open_site(site, NOW) as app:
        found = due_catalogue(app.desk, app.desk.clock())
        assert [one.slug for one in found.resting] == ["boats", "roads", "water"]
        assert found.volumes == ()
    write_guide(site, "more", front=FRONT.format(tag="wet"))
    (released,) = run_once(site, NOW).publishing.released
    assert released.issue.related


def test_only_what_changed_is_rendered(site: Path) -> None:
    """An edit writes its page and its feeds; feeds that do not hold it stay as they are."""
    before = snapshot(site / "feeds")
    edit(site, "roads")
    report = run_once(site, NOW)
    changed = {path for path, seen in snapshot(site / "feeds").items() if before[path] != seen}
    assert changed == set(report.published.written)
    folders = {path.rpartition("/")[0] for path in changed}
    assert folders == {"", "roads", "roads/1-all-about-rivers-0", "tag/dry"}
    assert report.published.unchanged < 12


def test_what_somebody_took_away_is_made_again(site: Path) -> None:
    """A folder, or all of them."""
    before = {path: seen[0] for path, seen in snapshot(site / "feeds").items()}
    for folder in ("feeds/water", "feeds"):
        shutil.rmtree(site / folder)
        run_once(site, NOW)
        assert {path: seen[0] for path, seen in snapshot(site / "feeds").items()} == before


def test_all_at_once_or_one_by_one_is_the_same(site: Path, tmp_path: Path) -> None:
    """Whatever order edits, releases and removals came in: the folder says what the store says."""
    edit(site, "water")
    run_once(site, NOW)
    edit(site, "boats", "tags: [wet]", "tags: [dry]")
    run_once(site, "2026-03-16T10:00")
    edit(site, "roads", "---\ntitle", "---\nstatus: withdrawn\ntitle")
    run_once(site, "2026-03-17T10:00")
    grown = {path: seen[0] for path, seen in snapshot(site / "feeds").items()}
    other = tmp_path / "other"
    shutil.copytree(site, other)
    shutil.rmtree(other / "feeds")
    with open_site(other, "2026-03-17T10:00") as app:
        jobs.tick(app.desk, app.desk.clock())
    made = {path: seen[0] for path, seen in snapshot(other / "feeds").items()}
    assert made == {path: content for path, content in grown.items() if path in made}
    assert grown.keys() == made.keys()

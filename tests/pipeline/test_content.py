"""content: reads what writers put in, and says what it cannot read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import content, mail
from pipeline.errors import FileError
from pipeline.model import Diagnostic
from pipeline.template import Templates
from tests.mails import SITE, issue
from tests.sites import make_site, run_once

GOOD = "---\ntitle: Good\n---\n\n## One\n\nText.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A content folder with one good guide."""
    made = tmp_path / "content"
    made.mkdir()
    (made / "good.md").write_text(GOOD)
    return made


def only(folder: Path) -> Diagnostic:
    """The one diagnostic; the good guide is read all the same."""
    reading = content.read(folder)
    assert [one.name for one in reading.sources] == ["content/good.md"]
    (found,) = reading.diagnostics
    return found


@pytest.mark.parametrize(
    ("raw", "line", "told"),
    [
        (b"# A\n\nb\xffd\n", 3, "byte 6 is not UTF-8"),
        ("# A\n".encode("utf-16"), 1, "UTF-16"),
        (b"# A\n\nab\x00c\n", 3, "column 3 holds U+0000"),
        (b"# A\n\n\x1b[31mred\n", 3, "column 1 holds U+001B"),
        ("# A\n\uffff".encode(), 2, "U+FFFF"),
    ],
)
def test_what_is_no_text_is_named(folder: Path, raw: bytes, line: int, told: str) -> None:
    """A file that is not clean UTF-8 is named with its line and why; its neighbour is read."""
    (folder / "bad.md").write_bytes(raw)
    found = only(folder)
    assert (found.file, found.line) == ("content/bad.md", line)
    assert told in found.message


def test_a_huge_file_is_refused_unread(folder: Path) -> None:
    """A file above the limit is refused by its size."""
    with (folder / "huge.md").open("wb") as file:
        file.truncate(content.MAX_BYTES + 1)
    assert "10,000,001 bytes" in only(folder).message


def test_a_link_out_of_the_folder_is_refused(folder: Path) -> None:
    """A symlink to a file elsewhere is named; its text is not read."""
    (folder.parent / "private.md").write_text("secret words")
    (folder / "linked.md").symlink_to(folder.parent / "private.md")
    assert only(folder).rule == "outside"


@pytest.mark.parametrize("name", ["x.md~", ".x.md", "#x.md#", "_draft.md", ".x.swp", "x.md.bak"])
def test_what_editors_leave_is_not_read(folder: Path, name: str) -> None:
    """Backups, hidden files and swap files are never guides."""
    (folder / name).write_text(GOOD)
    assert len(content.read(folder).sources) == 1


def test_marks_and_line_ends_do_not_count(folder: Path) -> None:
    """A byte order mark and CRLF give the same text as none and LF."""
    (folder / "windows.md").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    texts = {one.text for one in content.read(folder).sources}
    assert texts == {GOOD}


def test_a_sidecar_belongs_to_its_text(folder: Path) -> None:
    """A plain-text guide brings the TOML file of its name along."""
    (folder / "plain.txt").write_text("1. One\nText.\n")
    (folder / "plain.toml").write_text('title = "Plain"\n')
    found = {one.name: one for one in content.read(folder).sources}["content/plain.txt"]
    assert (found.sidecar, found.sidecar_name) == ('title = "Plain"\n', "content/plain.toml")


def test_no_folder_is_told(tmp_path: Path) -> None:
    """A missing content folder is one line with what to do."""
    with pytest.raises(FileError, match="no such folder"):
        content.read(tmp_path / "content")


def test_a_sites_template_comes_first(tmp_path: Path) -> None:
    """A template in the site's folder replaces the product's of that name, and no other."""
    (tmp_path / "templates/page").mkdir(parents=True)
    (tmp_path / "templates/page/site.html").write_text("mine")
    ours, theirs = content.read_templates(tmp_path / "nowhere"), content.read_templates(tmp_path)
    assert theirs["page/site.html"] == "mine"
    assert ours["page/site.html"] != "mine"
    kept = {name for name in theirs if name.startswith("partwork/")}
    assert theirs.keys() - kept == ours.keys()
    assert {theirs[name] for name in kept} == set(ours.values()), "to be extended"


def test_a_site_writes_one_block_of_a_mail_otherwise(tmp_path: Path) -> None:
    """Its template extends the product's, and has but the block that it wants otherwise."""
    (tmp_path / "templates/mail").mkdir(parents=True)
    own = '{% extends "partwork/mail/issue.html" %}'
    own += "{% block site %}<tr><td>Mine</td></tr>{% endblock %}"
    (tmp_path / "templates/mail/issue.html").write_text(own)
    made = mail.compile(issue(), SITE, Templates(content.read_templates(tmp_path)))
    assert ">Mine</td>" in made.html
    assert ">Slow Reading</a>" not in made.html
    assert "You might also like" in made.html


def test_a_template_from_elsewhere_is_refused(tmp_path: Path) -> None:
    """A symlink out of the templates folder is refused."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "secret").write_text("s")
    (tmp_path / "templates/x.html").symlink_to(tmp_path / "secret")
    with pytest.raises(FileError, match="leads out"):
        content.read_templates(tmp_path)


def test_a_folder_of_files_is_one_guide(tmp_path: Path) -> None:
    """In the order that people count, with each file's own lines, under ids of its own."""
    site = make_site(tmp_path / "site")
    folder = site / "content/bees"
    folder.mkdir()
    (folder / "guide.toml").write_text('title = "Bees"\nstart = "2026-03-01"\n', "utf-8")
    (folder / "10-end.md").write_text("## End\n\nGood bye. {{< x >}}\n", "utf-8")
    (folder / "2-mid.md").write_text("\n## Mid\n\n#### Skips\n\nWords.\n\n\n", "utf-8")
    (folder / "1-start.md").write_text("Hello.\n\n## Start\n\nWords [here][far].", "utf-8")
    (folder / "10-end.md~").write_text("## Backup\n", "utf-8")
    (folder / "3-links.md").write_text("[far]: https://example.org/far\n", "utf-8")
    report = run_once(site, "2026-03-09T10:00")
    told = {(one.file, one.line, one.rule) for one in report.diagnostics}
    assert ("content/bees/2-mid.md", 4, "level") in told
    assert ("content/bees/10-end.md", 3, "shortcode") in told
    (released,) = report.publishing.released
    assert [one.title for one in released.issue.sections] == ["", "Start", "Mid", "End"]
    assert (folder / "guide.ids.json").exists()
    html = (site / "feeds" / released.issue.path / "index.html").read_text("utf-8")
    assert 'href="https://example.org/far"' in html
    assert run_once(site, "2026-03-09T10:00").is_idle


def test_a_link_out_of_a_guides_folder_is_refused(tmp_path: Path) -> None:
    """As for single files: the text that it leads to is nowhere."""
    site = make_site(tmp_path / "site")
    folder = site / "content/bees"
    folder.mkdir()
    (folder / "guide.toml").write_text('title = "Bees"\n', "utf-8")
    (tmp_path / "secret.md").write_text("secret\n", "utf-8")
    (folder / "1.md").symlink_to(tmp_path / "secret.md")
    reading = content.read(site / "content")
    assert [(one.file, one.rule) for one in reading.diagnostics] == [
        ("content/bees/1.md", "outside")
    ]

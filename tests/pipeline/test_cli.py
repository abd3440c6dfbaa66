"""cli: what a newcomer types, what is printed, and how it ends."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from tests.sites import make_site, write_guide

MONDAY = "2026-03-09T09:05+01:00"


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


def partwork(*words: object) -> Done:
    """`partwork WORDS` in this process, its output captured."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    before, sys.argv = sys.argv, ["partwork", *map(str, words)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    finally:
        sys.argv = before
    return Done(code, out.getvalue(), err.getvalue())


def answer(*words: object) -> Any:
    """What a command says in JSON."""
    done = partwork(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a guide of three parts."""
    made = make_site(tmp_path / "site")
    write_guide(made)
    return made


def test_a_newcomers_first_minutes(tmp_path: Path) -> None:
    """init, add, run: a site of its own that mails its sample guide and knows what is next."""
    folder = tmp_path / "mine"
    done = partwork("init", folder)
    assert done.returncode == 0
    assert "subscriber add" in done.stdout
    assert answer("--site", folder, "check")["ok"]
    answer("--site", folder, "subscriber", "add", "me@example.org")
    first = answer("--site", folder, "run", "--once")
    assert [one["number"] for one in first["released"]] == [1]
    assert first["deliveries"] == {"sent": 1}
    assert first["next_at"]
    again = answer("--site", folder, "run", "--once")
    assert (again["released"], again["written"], again["deliveries"]) == ([], [], {})
    again = partwork("init", folder)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)


def test_a_pass_is_pleasant_to_read(site: Path) -> None:
    """The summary names what was released, which files, how many messages, and what comes when."""
    partwork("--site", site, "subscriber", "add", "me@example.org")
    done = partwork("--site", site, "run", "--once", "--now", MONDAY)
    assert done.returncode == 0
    for words in (
        "A guide to water, 1 of 3: All about rivers 0",
        "atom.xml, feed.json",
        "1 sent",
        "Mon 16 Mar 2026 09:00",
        "All about bridges 1",
    ):
        assert words in done.stdout, words
    assert "\x1b" not in done.stdout


def test_a_broken_guide_ends_partly_done(site: Path) -> None:
    """The others go out; the broken one is named on standard error; the exit code is 3."""
    (site / "content/bad.md").write_text("---\ntitle: Bad\ncadense: daily\n---\n\n## One\n\nX.\n")
    done = partwork("--site", site, "run", "--once", "--now", MONDAY)
    assert done.returncode == 3
    assert "content/bad.md:3: error:" in done.stderr
    assert "All about rivers 0" in done.stdout
    assert partwork("--site", site, "check").returncode == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--site", "/nowhere", "status"), 1),
        (("nonsense",), 2),
        (("run", "--now", "soon", "--once"), 2),
        (("run", "--now", MONDAY), 2),
        (("guide", "show", "nosuch"), 2),
        (("subscriber", "add", "nobody"), 2),
        (("subscriber", "add", "a@example.org", "--guide", "nosuch"), 2),
        (("subscriber", "show", "a@example.org"), 2),
        (("subscriber", "import", "nosuch.csv"), 1),
        (("preview", "water", "9"), 2),
    ],
)
def test_a_slip_is_told_in_words(site: Path, words: tuple[str, ...], code: int) -> None:
    """No traceback; the exit code says whose fault it is; nothing is on standard output."""
    place = () if "--site" in words else ("--site", site)
    done = partwork(*place, *words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert done.stderr.strip()


def test_it_is_a_program(site: Path) -> None:
    """As a process of its own it answers alike, in plain text when piped."""
    command = [sys.executable, "-m", "pipeline", "--site", str(site)]
    done = subprocess.run(  # noqa: S603 -- ourselves
        [*command, "run", "--once", "--now", MONDAY], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "All about rivers 0" in done.stdout
    assert "\x1b" not in done.stdout
    slip = subprocess.run(  # noqa: S603 -- ourselves
        [*command, "preview", "nosuch", "1"], capture_output=True, text=True, check=False
    )
    assert (slip.returncode, slip.stdout) == (2, "")
    assert slip.stderr.startswith("partwork: ")


def test_settings_in_error_end_with_two(site: Path) -> None:
    """Wrong settings are told a line each, before anything is done."""
    (site / "partwork.toml").write_text('[site]\ntitle = "x"\n')
    done = partwork("--site", site, "run", "--once")
    assert done.returncode == 2
    assert done.stderr.count("missing") == 3
    assert not (site / "var").exists()


def test_a_guide_is_shown_as_a_tree(site: Path) -> None:
    """`guide show --json` gives sections with number, title, words, nested."""
    (site / "content/tree.md").write_text(
        "---\ntitle: Tree\n---\n\nSome words first.\n\n## Root\n\nOne two three.\n\n"
        "### Branch\n\nFour five.\n"
    )
    shown = answer("--site", site, "guide", "show", "tree")
    (root,) = shown["sections"]
    assert (root["number"], root["title"], root["words"]) == ("1", "Root", 3)
    assert root["words_with_children"] == 5
    (branch,) = root["children"]
    assert (branch["number"], branch["title"], branch["words"]) == ("1.1", "Branch", 2)
    assert shown["intro"]["words"] == 3
    assert [one["slug"] for one in answer("--site", site, "guide", "list")] == ["tree", "water"]
    assert "Branch" in partwork("--site", site, "guide", "show", "tree").stdout


def test_the_plan_says_who_gets_what_when(site: Path) -> None:
    """Live and drip departures stand in order with the number of readers; nothing is written."""
    answer("--site", site, "subscriber", "add", "live@example.org")
    partwork("--site", site, "run", "--once", "--now", MONDAY)
    answer("--site", site, "subscriber", "add", "drip@example.org", "--drip", "--guide", "water")
    plan = answer("--site", site, "plan", "--now", MONDAY)["departures"]
    live = [(one["number"], one["readers"]) for one in plan if one["mode"] == "live"]
    drip = [(one["number"], one["readers"]) for one in plan if one["mode"] == "drip"]
    assert live == [(2, 1), (3, 1)]
    assert drip == [(1, 1), (2, 1), (3, 1)]
    assert plan == sorted(plan, key=lambda one: str(one["due_at"]))
    until = answer("--site", site, "plan", "--now", MONDAY, "--until", "2026-03-17")["departures"]
    assert [one["number"] for one in until if one["mode"] == "live"] == [2]


def test_a_preview_is_the_exact_bytes(site: Path, tmp_path: Path) -> None:
    """Message, HTML, text, page and feeds are written; what is released is not changed by it."""
    out = tmp_path / "preview"
    said = answer(
        "--site", site, "preview", "water", "2", "--out", out, "--no-png", "--now", MONDAY
    )
    assert said["released"] is False
    endings = {Path(name).name.removeprefix("water-2") for name in said["files"]}
    assert endings == {
        ".eml", ".html", ".txt", ".page.html", ".rss.xml", ".atom.xml", ".feed.json",
    }  # fmt: skip
    assert answer("--site", site, "status")["issues"] == []
    partwork("--site", site, "run", "--once", "--now", MONDAY)
    said = answer(
        "--site", site, "preview", "water", "1", "--out", out, "--no-png", "--now", MONDAY
    )
    assert said["released"] is True
    assert (out / "water-1.rss.xml").read_bytes() == (site / "feeds/water/rss.xml").read_bytes()


def test_readers_are_imported_row_by_row(site: Path, tmp_path: Path) -> None:
    """Good rows come in, bad ones are named by line, a second import adds nobody."""
    file = tmp_path / "people.csv"
    file.write_text(
        "Email;name;zone;hour;guides;mode;status;consent_at;consent_source\n"
        "a@example.org;A;Europe/Berlin;7;water;live;active;2026-01-02T03:04Z;form\n"
        "b@example.org;;;;water;drip;;;\n"
        "nobody;;;;;;;;\n"
        "c@example.org;;Mars/Base;;;;;;\n"
        "d@example.org;;;99;;;;;\n"
        "e@example.org;;;;nosuch;;;;\n"
        "f@example.org;;;;;;pending;;\n",
        encoding="utf-8-sig",
    )
    done = partwork("--site", site, "subscriber", "import", file, "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 3
    assert (said["added"], said["known"]) == (3, 0)
    assert [line.split(": ")[0] for line in said["refused"]] == [
        f"people.csv:{n}" for n in (4, 5, 6, 7)
    ]
    again = json.loads(partwork("--site", site, "subscriber", "import", file, "--json").stdout)
    assert (again["added"], again["known"]) == (0, 3)
    people = {one["address"]: one for one in answer("--site", site, "subscriber", "list")}
    assert people["a@example.org"]["hour"] == 7
    assert people["a@example.org"]["consent_source"] == "form"
    assert people["f@example.org"]["status"] == "pending"
    shown = answer("--site", site, "subscriber", "show", "b@example.org")
    assert [(one["guide"], one["mode"]) for one in shown["subscriptions"]] == [("water", "drip")]


def test_a_held_run_goes_on_when_told(site: Path) -> None:
    """A run far behind is held with the command that lets it go on, and then does."""
    partwork("--site", site, "run", "--once", "--now", MONDAY)
    late = partwork("--site", site, "run", "--once", "--now", "2026-05-01T09:00+02:00")
    assert late.returncode == 3
    assert "partwork guide resume water --catch-up" in late.stdout
    assert partwork("--site", site, "guide", "resume", "water", "--catch-up", "no").returncode == 2
    answer("--site", site, "guide", "resume", "water", "--catch-up", "all")
    done = answer("--site", site, "run", "--once", "--now", "2026-05-01T09:00+02:00")
    assert [one["number"] for one in done["released"]] == [2, 3]


def test_config_shows_what_is_in_force(site: Path) -> None:
    """Every setting is shown with its value; the transport is the one that is really used."""
    assert answer("--site", site, "config")["mail"]["transport"] == "maildir"
    assert 'title = "Test serials"' in partwork("--site", site, "config").stdout


def test_a_text_is_imported_and_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a file, a folder or standard input; never over what is there; out again as it was."""
    site = make_site(tmp_path / "site")

    def guide(*words: object, stdin: str = "") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        return partwork("--site", site, "guide", *words)

    note = tmp_path / "notes.txt"
    note.write_text("1. One\nSome words.\n2. Two\nMore words.\n", encoding="utf-8")
    done = guide("import", note, "--title", "My notes")
    assert done.returncode == 0, done.stderr
    assert 'title: "My notes"' in (site / "content/my-notes.md").read_text("utf-8")
    again = guide("import", note, "--title", "My notes")
    assert again.returncode == 2
    assert "is there already" in again.stderr
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "10-b.md").write_text("## Last\n\nEnd.\n", encoding="utf-8")
    (folder / "2-a.md").write_text("# Book\n\n## First\n\nOne.\n", encoding="utf-8")
    assert guide("import", folder).returncode == 0
    out = guide("export", "book").stdout
    assert out.index("## First") < out.index("## Last")
    piped = guide("import", "-", "--slug", "piped", stdin="<p>Hello</p>")
    assert piped.returncode == 0, piped.stderr
    assert "Hello" in (site / "content/piped.md").read_text("utf-8")
    broken = guide("import", "-", "--slug", "b", stdin="---\nx: y\n---\n\nt\n")
    assert broken.returncode == 1
    assert "standard input:2: error: x" in broken.stderr


def test_related_links_are_shown_with_their_reasons(tmp_path: Path) -> None:
    """Scores and shared words of what is out and of what is to come; unknown guides are told."""
    site = make_site(tmp_path / "site")
    write_guide(site)
    write_guide(site, "land")
    partwork("--site", site, "run", "--once", "--now", MONDAY)
    rows = answer("--site", site, "related", "water", "--explain", "--now", MONDAY)
    assert [(row["number"], row["released"]) for row in rows] == [
        (1, True), (2, False), (3, False),
    ]  # fmt: skip
    (link,) = rows[0]["related"]
    assert link["path"].startswith("land/1-")
    assert link["terms"]
    assert {one["gate"] for one in rows[1]["considered"]} >= {"of the same guide"}
    shown = partwork("--site", site, "related", "water", "1", "--now", MONDAY).stdout
    assert "as released" in shown
    assert f"{link['score']:.3f}" in shown
    assert partwork("--site", site, "related", "nosuch").returncode == 2


def test_an_issue_is_corrected_shown_and_confirmed(tmp_path: Path) -> None:
    """The note is on the page at once; what was never edited needs no confirming."""
    site = make_site(tmp_path / "site")
    write_guide(site)
    partwork("--site", site, "run", "--once", "--now", MONDAY)
    done = partwork("--site", site, "issue", "correct", "water", "1", "North, not south.")
    assert done.returncode == 0, done.stderr
    (page,) = (site / "feeds/water").glob("1-*/index.html")
    assert "North, not south." in page.read_text("utf-8")
    shown = answer("--site", site, "issue", "show", "water", "1")
    assert (shown["revision"], shown["corrections"][0]["note"]) == (2, "North, not south.")
    assert partwork("--site", site, "issue", "confirm", "water", "1").returncode == 2
    assert partwork("--site", site, "issue", "show", "water", "9").returncode == 2


def test_ids_are_shown_and_settled(tmp_path: Path) -> None:
    """Before the first run every id is new; a doubt is an error until it is answered."""
    site = make_site(tmp_path / "site")
    path = write_guide(site)
    assert "new" in partwork("--site", site, "guide", "ids", "water").stdout
    partwork("--site", site, "run", "--once", "--now", MONDAY)
    kept = answer("--site", site, "guide", "ids", "water")
    assert [one["gone"] for one in kept["known"]] == [False] * 3
    text = path.read_text("utf-8")
    body = "Snow fell on the quiet fields while nobody looked. " * 8
    start, end = text.index("## All about rivers 0"), text.index("## All about bridges 1")
    path.write_text(f"{text[:start]}## Winter\n\n{body}\n\n{text[end:]}", "utf-8")
    doubt = partwork("--site", site, "guide", "ids", "water")
    assert doubt.returncode == 1
    assert "--accept same|new" in doubt.stderr
    assert partwork("--site", site, "guide", "ids", "water", "--accept", "maybe").returncode == 2
    assert partwork("--site", site, "guide", "ids", "water", "--accept", "same").returncode == 0
    assert partwork("--site", site, "guide", "ids", "water").returncode == 0


def test_check_names_templates_of_the_site(tmp_path: Path) -> None:
    """Which of them stand in the place of ours; a copy that says the same is none."""
    site = make_site(tmp_path / "site")
    write_guide(site)
    folder = site / "templates/mail"
    folder.mkdir(parents=True)
    ours = Path(__file__).parents[2] / "templates/mail"
    (folder / "issue.html").write_text('{% extends "partwork/mail/issue.html" %}\n')
    (folder / "foot.html").write_text((ours / "foot.html").read_text("utf-8"), "utf-8")
    assert answer("--site", site, "check")["templates"] == ["mail/issue.html"]
    (folder / "foot.html").write_text("<tr><td>No way out</td></tr>")
    done = partwork("--site", site, "check")
    assert done.returncode == 1
    assert "templates/mail/issue.html of this site stands in the place of ours" in done.stdout
    assert "templates/mail/foot.html does not show a link to `leave`" in done.stdout

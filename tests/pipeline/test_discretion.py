"""A discreet guide: nothing outside the text of its mail says what it is about."""

from __future__ import annotations

import re
import shutil
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import jobs, mail, markup
from pipeline.app import open_site
from pipeline.jobs.addressing import address, compile_for
from pipeline.jobs.catalogue import catalogue_of
from pipeline.jobs.discretion import told, topics
from pipeline.model import Delivery, DeliveryState, Mode
from tests.sites import SETTINGS, at, make_site, outbox, run_once, subscribe

MONDAY, NEXT = "2026-03-09T09:05+01:00", "2026-03-16T09:05+01:00"
WORDS = r"depress|mood|panic|therap|medicin|sertral|anxi"
"""What the guide is about, in its title, tags and headings."""

TEXT = """---
title: Depression and low mood
slug: blue-door
discreet: true
tags: [therapy, anxiety]
cadence: "weekly mon 09:00"
zone: Europe/Berlin
start: 2026-03-09
---

## Panic attacks

### What therapies there are

{words}

See [the medicines](#medicines-such-as-sertraline), and [the next part](#the-end-of-it).

### Medicines such as sertraline

{words}

### How long panic lasts

![A path](path.png)

{words}

## The end of it

{words}
"""

OPEN = """---
title: Living with depression
slug: living-with-depression
cadence: "weekly mon 09:00"
zone: Europe/Berlin
start: 2026-03-02
---

## Depression at work

{words}
"""

MATTERS = ("Depression", "sleep", "HIV", "Ängste", "Тревога", "焦虑", "القلق", "ภาวะซึมเศร้า", "øl")
"""Short and long words of several scripts."""

SENTENCES = " ".join(
    f"Therapy of depression and panic attacks helps with mood at work, sentence {n}."
    for n in range(40)
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a discreet guide and one that is not, on the same matter."""
    folder = make_site(tmp_path / "site", SETTINGS + '[bounces]\naddress = "b@news.example.org"\n')
    (folder / "content" / "blue.md").write_text(TEXT.format(words=SENTENCES))
    (folder / "content" / "open.md").write_text(OPEN.format(words=SENTENCES))
    shutil.copy(
        Path(__file__).parents[2] / "docs" / "pictures" / picture(), folder / "content" / "path.png"
    )
    return folder


def picture() -> str:
    """The name of a small PNG."""
    folder = Path(__file__).parents[2] / "docs" / "pictures"
    return min(folder.glob("*.png"), key=lambda one: one.stat().st_size).name


def heads(message: EmailMessage) -> str:
    """All that servers and an inbox see of a message."""
    return "\n".join(f"{name}: {value}" for name, value in message.items())


def addresses(message: EmailMessage) -> list[str]:
    """Every address of ours in the text and in the HTML, those to mail included."""
    bodies = [part.get_content() for part in message.walk() if not part.is_multipart()]
    found = r"(?:https://news\.example\.org|mailto:)[^\s\"'<>)]*"
    return re.findall(found, "\n".join(bodies))


def test_nothing_outside_the_text_tells(site: Path) -> None:
    """Neither head nor addresses nor preheader, of each part and of each letter."""
    subscribe(site, "a@example.org", MONDAY, guides=("blue-door",))
    run_once(site, MONDAY)
    run_once(site, NEXT)
    messages = outbox(site)
    assert len(messages) >= 2
    assert {one["Subject"] for one in messages} >= {"Part 1 of 2", "Part 2 of 2"}
    for one in messages:
        assert not re.search(WORDS, heads(one), re.IGNORECASE)
        assert addresses(one)
        assert [url for url in addresses(one) if re.search(WORDS, url, re.IGNORECASE)] == []
    html = messages[0].get_body(("html",))
    assert html is not None
    preheader = re.search('aria-hidden="true"[^>]*>(.*?)</div>', html.get_content())
    assert preheader is not None
    assert not re.search(WORDS, preheader[0], re.IGNORECASE)
    assert "Panic attacks" in html.get_content()


def test_the_envelope_does_not_tell(site: Path) -> None:
    """Sender, recipient and Message-ID, and of a part that was out before it was discreet too."""
    file = site / "content" / "blue.md"
    file.write_text(file.read_text().replace("discreet: true\n", ""))
    run_once(site, MONDAY)
    file.write_text(
        file.read_text().replace("slug: blue-door\n", "slug: blue-door\ndiscreet: true\n")
    )
    report = run_once(site, "2026-03-10T09:05+01:00")
    assert report.diagnostics == () or all(one.severity != "error" for one in report.diagnostics)
    with open_site(site, NEXT) as app:
        _, issue, _ = _part(app.desk)
        assert any("depression" in one.path for one in issue.related)  # and its mail drops that
        person = Delivery(issue.id, 7, DeliveryState.LEASED, 1, "a@example.org", "A")
        message = address(app.desk, compile_for(app.desk, issue, Mode.LIVE), person)
    seen = f"{message.mail_from} {message.rcpt_to} {message.message_id}"
    assert not re.search(WORDS, seen, re.IGNORECASE)
    head = message.body.partition(b"\r\n\r\n")[0].decode()
    assert not re.search(WORDS, head, re.IGNORECASE)
    assert b"living-with-depression" not in message.body


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("slug: blue-door", "slug: low-mood", "slug 'low-mood' says 'mood'"),
        ("slug: blue-door", "slug: moody-blue", "says 'mood'"),
        ("slug: blue-door", "slug: therapies", "says 'therapy'"),
        ("slug: blue-door", "slug: blue-door\naliases: [my-anxiety]", "alias 'my-anxiety' says"),
        ("path.png", "therapy-room.png", "the name of the picture therapy-room.png says 'therapy'"),
        ("discreet: true", "discreet: perhaps", "discreet must be true or false"),
    ],
)
def test_a_name_that_tells_keeps_the_guide_back(site: Path, old: str, new: str, where: str) -> None:
    """With the line to mend; the neighbour goes out."""
    file = site / "content" / "blue.md"
    file.write_text(file.read_text().replace(old, new))
    if "png" in old:
        (site / "content" / old).rename(site / "content" / new)
    with open_site(site, MONDAY) as app:
        found = catalogue_of(app.desk, at(MONDAY))
    assert any(where in str(one) for one in found.errors)
    assert [one.guide.slug for one in found.scheduled] == ["living-with-depression"]


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("title", "Test serials", "Mood letters"),
        ("from", "news@example.org", "therapy@example.org"),
        ("base_url", "news.example.org", "anxietynews.example.org"),
    ],
)
def test_the_site_must_not_tell_either(site: Path, key: str, old: str, new: str) -> None:
    """Its title stands in From, its address in every link."""
    file = site / "partwork.toml"
    file.write_text(file.read_text().replace(old, new, 1))
    with open_site(site, MONDAY) as app:
        errors = catalogue_of(app.desk, at(MONDAY)).errors
    assert any(f"[site] {key}" in str(one) for one in errors)


@pytest.mark.parametrize("kind", list(mail.LetterKind))
@pytest.mark.parametrize("lang", ["en", "de", "ar"])
def test_letters_do_not_tell(site: Path, kind: mail.LetterKind, lang: str) -> None:
    """In every language, subject and list name the site; the text names the guide."""
    run_once(site, MONDAY)
    with open_site(site, MONDAY) as app:
        _, issue, _ = _part(app.desk)
        letter = mail.Letter(
            kind, lang, "blue-door/", "blue-door", "Depression", (issue,), discreet=True
        )
        compiled = mail.compile_letter(letter, app.desk.site, app.desk.templates)
    head = b"".join(compiled.skeleton.segments).partition(b"\r\n\r\n")[0].decode()
    assert "Subject: " in head
    assert not re.search(WORDS, head, re.IGNORECASE)
    assert "Depression" in compiled.text


@given(st.lists(st.sampled_from(MATTERS), min_size=1, max_size=4).map(" ".join))
def test_a_name_made_of_the_title_tells(title: str) -> None:
    """Whatever the script: a slug made of a title is noticed."""
    words = topics((title,), "en")
    assert told(markup.slugify(title), words)
    assert told(title, words)


@given(st.text(max_size=60))
def test_numbers_tell_nothing(title: str) -> None:
    """A slug of letters that mean nothing is never refused."""
    assert told("q9", topics((title.replace("q", ""),), "en")) == ""


def _part(desk: jobs.Desk):  # type: ignore[no-untyped-def]  # as `part_of` says
    from pipeline.jobs.preview import part_of

    return part_of(desk, catalogue_of(desk, desk.clock()), "blue-door", 1, desk.clock())

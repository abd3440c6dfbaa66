"""Issues, readers and messages for the tests of mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

from pipeline import mail, wording
from pipeline.model import (
    Block,
    Citation,
    Code,
    CodeBlock,
    Heading,
    Image,
    Issue,
    Lines,
    Link,
    ListBlock,
    Message,
    Paragraph,
    Person,
    Quote,
    RelatedLink,
    Section,
    Site,
    Slot,
    Table,
    Text,
    Trust,
    Upcoming,
)
from pipeline.template import Templates

AT = datetime(2026, 11, 26, 8, tzinfo=UTC)
SECRET = b"a secret of the tests, long enough"
HERE = Lines(1, 1)
ROOT = Path(__file__).parents[1]

SITE = Site(
    base_url="https://serials.example.org",
    title="Slow Reading",
    sender="parts@serials.example.org",
    postal_address="12 Paper Lane, 10115 Berlin, Germany",
    reply_to="editor@serials.example.org",
    zone="Europe/Berlin",
)

TRUST = Trust(
    reviewer=Person("Robin Example", "psychiatrist", "https://robin.example.org/"),
    last_reviewed=date(2026, 10, 1),
    next_review=date(2028, 10, 1),
    review_scope="facts and safety",
    citations=(
        Citation("light", "Light and the clock of mice", "https://doi.org/10.1000/1", "2019"),
        Citation("mood", "Mood after a short night", "https://doi.org/10.1000/2"),
    ),
    disclaimer="This guide informs; it does not replace a clinician who knows you.",
    conflicts="None declared.",
    funding="Readers.",
    emergency_line="If you are in danger, call your local emergency number now.",
)


@cache
def templates() -> Templates:
    """The product's own templates."""
    folder = ROOT / "templates"
    sources = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.glob("mail/*")
    }
    return Templates(sources)


@cache
def polyglot() -> Site:
    """The usual site with the product's catalogues."""
    sources = {
        f"locale/{path.name}": path.read_text(encoding="utf-8")
        for path in (ROOT / "templates/locale").glob("*.po")
    }
    return replace(SITE, catalogues=wording.read_catalogues(sources))


def overridden(name: str, before: str, after: str) -> Templates:
    """The product's templates, one of them with a text in the place of another."""
    source = templates().sources[name]
    assert before in source
    return Templates({**templates().sources, name: source.replace(before, after)})


def said(text: str) -> Paragraph:
    """A paragraph of plain text."""
    return Paragraph((Text(text),), HERE)


def section(*blocks: Block, title: str = "How it works", **fields: Any) -> Section:
    """A section of these blocks."""
    return Section(title, blocks, HERE, **{"number": "2", "id": "tag:example.org,2026:2", **fields})


EVERYTHING = section(
    said("Sleep comes in cycles. “Five a night”, they say, is what most of us need."),
    Heading(1, (Text("In order"),), HERE),
    ListBlock(((said("Light."),), (said("Deep."),), (said("Dreams."),)), HERE, start=1),
    Quote((said("The night has a rhythm of its own."),), HERE),
    Paragraph(
        (
            Text("See "),
            Link("https://www.example.org/sleep?a=1&b=2", (Text("a review"),)),
            Text(" and set "),
            Code("alarm = 7 < 8"),
            Text("."),
        ),
        HERE,
    ),
    Table(
        ((Text("Stage"),), (Text("Minutes"),)),
        (((Text("Light"),), (Text("50"),)), ((Text("Deep"),), (Text("25"),))),
        ("", "right"),
        HERE,
    ),
    CodeBlock("hours = 8  # of sleep\n", HERE),
    Paragraph((Image("https://serials.example.org/night.png", "A curve with five waves"),), HERE),
)


def issue(**fields: Any) -> Issue:
    """Part 2 of 6 of a guide, with everything that an issue may have."""
    usual: dict[str, Any] = {
        "id": "tag:example.org,2026-11-23:2",
        "guide": "sleep-and-mood",
        "guide_title": "Sleep and mood",
        "number": 2,
        "of": 6,
        "subject": "How it works",
        "lang": "en",
        "sections": (EVERYTHING,),
        "words": 640,
        "slot": Slot(datetime(2026, 11, 26, 9), "Europe/Berlin"),  # noqa: DTZ001 -- slots are local
        "released_at": AT,
        "updated_at": AT,
        "path": "sleep-and-mood/2-how-it-works/",
        "zone": "Europe/Berlin",
        "author": Person("The Example Desk", "science writer"),
        "related": (
            RelatedLink("Methods", "study/3/", "Reading a study", 0.31, ("mice", "light", "dose")),
            RelatedLink("Questions", "https://www.example.net/q", "A talk", 0.2, pinned=True),
        ),
        "upcoming": Upcoming(3, "What wakes us", datetime(2026, 12, 3, 8, tzinfo=UTC)),
        "trust": TRUST,
    }
    return Issue(**{**usual, **fields})


def plain_issue(*blocks: Block, **fields: Any) -> Issue:
    """An issue with nothing but these blocks."""
    bare: dict[str, Any] = {
        "sections": (section(*blocks),), "author": None, "related": (), "trust": Trust(),
    }  # fmt: skip
    return issue(**{**bare, **fields})


@cache
def compiled() -> mail.Compiled:
    """The usual issue, compiled."""
    return mail.compile(issue(), SITE, templates())


def recipient(subscriber_id: int = 7, **fields: Any) -> mail.Recipient:
    """A reader of the usual issue."""
    usual: dict[str, Any] = {
        "address": "reader@example.org",
        "message_id": mail.message_id(
            issue().id, subscriber_id, secret=SECRET, domain=SITE.list_domain
        ),
        "unsubscribe_url": SITE.url(f"u/WzcsInNsZWVwIl0.{'x' * 30}{subscriber_id}"),
        "mail_from": SITE.sender,
        "date": AT,
    }
    return mail.Recipient(subscriber_id=subscriber_id, **{**usual, **fields})


def message(an_issue: Issue | None = None, site: Site = SITE, **fields: Any) -> Message:
    """The message of an issue to one reader."""
    made = compiled() if an_issue is None else mail.compile(an_issue, site, templates())
    return mail.address(made, recipient(**fields))


def parsed(raw: bytes) -> EmailMessage:
    """A message as Python's parser understands it."""
    return message_from_bytes(raw, policy=policy.default)


def parts(raw: bytes) -> tuple[str, str]:
    """The text and the HTML of a message, with LF line ends."""
    text, html = (part.get_content().replace("\r\n", "\n") for part in parsed(raw).iter_parts())
    return text, html

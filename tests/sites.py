"""Builders for tests that need a whole site in a folder."""

from __future__ import annotations

import json
import mailbox
from dataclasses import replace
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from pipeline import jobs
from pipeline.app import open_site
from pipeline.jobs import TickReport, Wish

SETTINGS = """
[site]
title = "Test serials"
base_url = "https://news.example.org"
from = "news@example.org"
reply_to = "editor@example.org"
postal_address = "1 Example Street"
zone = "Europe/Berlin"
"""

TOPICS = ("rivers", "bridges", "harbours", "lighthouses", "canals", "ferries", "islands", "tides")


def make_site(folder: Path, settings: str = SETTINGS) -> Path:
    """A site without guides."""
    (folder / "content").mkdir(parents=True)
    (folder / "partwork.toml").write_text(settings, encoding="utf-8")
    return folder


def sentence(topic: str, number: int) -> str:
    """Some thirty words about a topic."""
    return (
        f"Paragraph {number} about {topic} explains where {topic} come from, why people always "
        f"lived beside {topic}, and how water shaped every town that grew near {topic} over the "
        "centuries."
    )


def write_guide(
    site: Path,
    slug: str = "water",
    *,
    parts: int = 3,
    paragraphs: int = 4,
    front: str = 'cadence: "weekly mon 09:00"\nzone: Europe/Berlin\nstart: 2026-03-09\n',
) -> Path:
    """A Markdown guide of so many parts, each a section of some paragraphs of thirty words."""
    sections = [
        f"## All about {TOPICS[n % 8]} {n}\n\n"
        + "\n\n".join(sentence(TOPICS[n % 8], each) for each in range(paragraphs))
        for n in range(parts)
    ]
    path = site / "content" / f"{slug}.md"
    path.write_text(
        f"---\ntitle: A guide to {slug}\nslug: {slug}\n{front}---\n\n" + "\n\n".join(sections),
        encoding="utf-8",
    )
    return path


def run_once(site: Path, at: str) -> TickReport:
    """What `partwork run --once --now AT` does, in this process."""
    with open_site(site, at) as app:
        return jobs.tick(app.desk, app.desk.clock())


def subscribe(site: Path, email: str, at: str, **wish: object) -> None:
    """Add a subscriber."""
    with open_site(site, at) as app:
        jobs.subscribe(app.desk, replace(Wish(email), **wish), app.desk.clock())  # type: ignore[arg-type]  # as the caller says


def numbers(report: TickReport, guide: str = "water") -> list[int]:
    """The numbers of the parts of a guide that a tick released."""
    return [one.issue.number for one in report.publishing.released if one.issue.guide == guide]


def outbox(site: Path) -> list[EmailMessage]:
    """The messages in the Maildir, oldest first."""
    box = mailbox.Maildir(site / "var/outbox", create=False)
    parser = BytesParser(policy=policy.default)
    found = [parser.parsebytes(box.get_bytes(key)) for key in box.keys()]  # noqa: SIM118 -- no iterator of keys
    return sorted(found, key=lambda one: (str(one["To"]), one["Date"].datetime))


def received(site: Path, email: str) -> list[str]:
    """The subjects of what somebody got, oldest first."""
    return [str(one["Subject"]) for one in outbox(site) if email in str(one["To"])]


def feed_items(site: Path, slug: str = "water") -> list[dict[str, object]]:
    """The items of a guide's JSON feed."""
    text = (site / "feeds" / slug / "feed.json").read_text(encoding="utf-8")
    items: list[dict[str, object]] = json.loads(text)["items"]
    return items


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder with its bytes and its time."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def at(text: str) -> datetime:
    """An aware moment."""
    return datetime.fromisoformat(text)

"""The exact bytes that an issue is or would be: message, page and feed entries."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline import browser, content, feed, mail, page, publish, schedule, store
from pipeline.errors import UsageError
from pipeline.jobs.addressing import compile_for, to_nobody
from pipeline.jobs.catalogue import Catalogue, catalogue_of
from pipeline.jobs.desk import Desk
from pipeline.jobs.publish_due import draft
from pipeline.jobs.relate import linkable, relate
from pipeline.jobs.standing import Standing, standings, upcoming
from pipeline.model import Dated, FeedFormat, Issue, Message, Mode, Serial

READER = "preview@example.org"
"""Whom a previewed message is addressed to: nobody, so that its links belong to nobody."""


WIDTHS = (375, 600, 800)
"""Pixels: a phone, the column itself, a mail program on a desk."""

SCHEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class PreviewReport:
    """What was written, whether the issue is out already, and what mail programs do not show."""

    issue: Issue
    is_released: bool
    files: tuple[Path, ...]
    findings: tuple[mail.Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class PartKey:
    """Which part is to be previewed."""

    slug: str
    number: int


def preview(
    desk: Desk, wanted: PartKey, out: Path, now: datetime, *, png: bool = True
) -> PreviewReport:
    """Write an issue's .eml, .html, .txt, page and feeds into a folder; nothing else changes.

    Where a browser is installed also pictures of the mail, at three widths, light and dark.

    Args:
        desk: The site.
        wanted: The part.
        out: The folder; made if missing.
        now: The moment.
        png: Whether pictures are wanted.

    Raises:
        UsageError: There is no such guide or part.
        BrowserError: The browser took no picture; all other files are written.
    """
    catalogue = catalogue_of(desk, now)
    issue, is_released, files = render_part(desk, catalogue, wanted.slug, wanted.number, now)
    publish.write(out, files.items())
    paths = [out / name for name in files]
    html = files[f"{stem(issue)}.html"].decode()
    program = browser.installed() if png else None
    if program is not None:
        document = _with_own_pictures(html, desk, catalogue)
        for width, scheme, raw in browser.pictures(program, document, WIDTHS, SCHEMES):
            name = f"{stem(issue)}.{width}.{scheme}.png"
            publish.write(out, [(name, raw)])
            paths.append(out / name)
    return PreviewReport(issue, is_released, tuple(paths), mail_lint(desk, html))


def _with_own_pictures(html: str, desk: Desk, catalogue: Catalogue) -> str:
    """The document with pictures of the content folder taken from there: they may not be out."""
    for name, one in catalogue.pictures.items():
        if one.path:
            path = (desk.content.parent / name).resolve().as_uri()
            html = html.replace(f'src="{desk.site.url(one.path)}"', f'src="{path}"')
    return html


def mail_lint(desk: Desk, html: str) -> tuple[mail.Finding, ...]:
    """What the site's mail programs do not show of the HTML part of a message."""
    support = mail.read_support(content.read_support())
    return mail.lint(html, support, desk.clients, desk.allowed)


def stem(issue: Issue) -> str:
    """What the names of an issue's preview files begin with."""
    return f"{issue.guide}-{issue.number}"


def render_part(
    desk: Desk, catalogue: Catalogue, slug: str, number: int, now: datetime
) -> tuple[Issue, bool, dict[str, bytes]]:
    """An issue, whether it is out, and all that it is rendered to, by file name.

    Raises:
        UsageError: There is no such guide or part.
    """
    serial, issue, is_released = part_of(desk, catalogue, slug, number, now)
    return issue, is_released, _render(desk, serial, issue, now)


def part_of(
    desk: Desk, catalogue: Catalogue, slug: str, number: int, now: datetime
) -> tuple[Serial, Issue, bool]:
    """A guide as a serial, one of its parts as an issue, and whether that is out.

    Raises:
        UsageError: There is no such guide or part.
    """
    with desk.store.read() as tx:
        found = {one.guide.slug: one for one in standings(tx, desk, catalogue, now)}
        if slug not in found:
            known = ", ".join(found) or "none; see `partwork check`"
            raise UsageError(f"no guide {slug!r} can be scheduled", f"known: {known}")
        one = found[slug]
        if not 0 < number <= len(one.parts):
            raise UsageError(f"{slug} has no part {number}", f"it has 1 to {len(one.parts)}")
        issues = store.issues.of_guide(tx, slug)
        released = {issue.number: issue for issue in issues}
        issue = released.get(number) or _would_be(
            tx, desk, one, number, now, linkable(catalogue, now)
        )
    shown = (*(old for old in issues if old.number != number), issue)
    shown = tuple(sorted(shown, key=lambda each: each.number))
    coming = upcoming(one.run, one.parts, one.released, now)
    later = tuple(each for each in coming if each.number != number)
    serial = Serial(one.guide.front, one.parts, shown, later, one.run.cadence)
    return serial, issue, number in released


def _would_be(
    tx: store.Transaction,
    desk: Desk,
    one: Standing,
    number: int,
    now: datetime,
    guides: Collection[str],
) -> Issue:
    """The issue as it would be frozen if those before it go out as planned."""
    planned = {each.number: each for each in upcoming(one.run, one.parts, one.released, now)}
    due = planned[number].due_at if number in planned else None
    slot = schedule.slot_at(due or now, one.run.zone)
    return relate(tx, desk, [(one, draft(one, number, slot, due or now))], guides)[0]


@dataclass(frozen=True, slots=True)
class MailPreview:
    """A part as the message that it is or would be, and what mail programs do not show of it."""

    message: Message
    findings: tuple[mail.Finding, ...]


def preview_mail(desk: Desk, wanted: PartKey, now: datetime) -> MailPreview:
    """The message of a part to nobody.

    Raises:
        UsageError: There is no such guide or part.
    """
    _, issue, _ = part_of(desk, catalogue_of(desk, now), wanted.slug, wanted.number, now)
    message = _message(desk, issue, now)
    return MailPreview(message, mail_lint(desk, mail.preview_html(message)))


def _message(desk: Desk, issue: Issue, now: datetime) -> Message:
    return to_nobody(desk, compile_for(desk, issue, Mode.LIVE), READER, issue.id, now)


def _render(desk: Desk, serial: Serial, issue: Issue, now: datetime) -> dict[str, bytes]:
    message = _message(desk, issue, now)
    dated = tuple(Dated(one.id, one.released_at, one.updated_at) for one in serial.issues)
    channel = feed.guide_channel(serial.front, len(serial.parts), dated, desk.site)
    document = feed.current_feed(channel, {one.id: one for one in serial.issues}, desk.site)
    name = stem(issue)
    return {
        f"{name}.eml": message.body,
        f"{name}.html": mail.preview_html(message).encode(),
        f"{name}.txt": mail.preview_text(message).encode(),
        f"{name}.page.html": page.issue_page(issue, serial, desk.site, desk.templates).encode(),
        f"{name}.rss.xml": feed.render(document, FeedFormat.RSS),
        f"{name}.atom.xml": feed.render(document, FeedFormat.ATOM),
        f"{name}.feed.json": feed.render(document, FeedFormat.JSON),
    }

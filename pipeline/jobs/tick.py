"""One idempotent pass: read guides, release what is due, publish, plan drips, write, deliver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from pipeline import content, publish, store
from pipeline.jobs import sending
from pipeline.jobs.call_webhooks import call_webhooks, greet
from pipeline.jobs.deliver import DeliverReport, deliver
from pipeline.jobs.desk import Desk
from pipeline.jobs.due_catalogue import due_catalogue
from pipeline.jobs.letters import LettersReport, send_letters
from pipeline.jobs.ping_hub import ping_hub
from pipeline.jobs.plan_drips import plan_drips
from pipeline.jobs.publish_due import PublishReport, publish_due
from pipeline.jobs.rebuild import rebuild, serials
from pipeline.jobs.take_bounces import BounceReport, take_bounces
from pipeline.model import Diagnostic, Picture, Serial


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one pass did, and where the site stands after it."""

    now: datetime
    diagnostics: tuple[Diagnostic, ...]
    locked: str
    """Why this copy of the site may send nothing; empty: it may."""
    publishing: PublishReport
    published: publish.Published
    drips_planned: int
    unheard: tuple[str, ...]
    """What the WebSub hub could not be told, a line each; it is tried again."""
    untold: tuple[str, ...]
    """What programs did not take, a line each; it is tried again."""
    came_back: BounceReport
    """What was learnt from bounces and complaints."""
    letters: LettersReport
    delivering: DeliverReport
    serials: tuple[Serial, ...]
    next_at: datetime | None
    """When there is something to do again, as far as is known now."""

    @property
    def is_partial(self) -> bool:
        """Whether something that was to be done could not be."""
        return bool(
            any(one.severity == "error" for one in self.diagnostics)
            or self.locked
            or self.publishing.held
            or self.publishing.problems
            or self.unheard
            or self.untold
            or self.came_back.problems
            or self.letters.problems
            or self.delivering.problems
        )

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (
            self.publishing.released
            or self.publishing.revised
            or self.published.written
            or self.delivering.states
            or self.came_back.kinds
            or self.letters.sent
        )


def tick(desk: Desk, now: datetime, *, render_all: bool = True) -> TickReport:
    """Do what is due now; a second pass at the same moment does nothing.

    Pages and feeds are written before mail goes out: no message links to a missing page.

    Args:
        desk: The site.
        now: The moment of the pass.
        render_all: Render everything, as the first pass of a process does, and not only when
            something was released or a guide was changed.

    Raises:
        UsageError: The clock says what cannot be.
    """
    sending.check_clock(now)
    desk, locked = sending.allowed(desk)
    greet(desk)
    catalogue = due_catalogue(desk, now)
    publishing = publish_due(desk, catalogue, now)
    drips = plan_drips(desk, now)
    all_serials = serials(desk, now)
    publish_pictures(desk, catalogue.pictures)
    published = publish.Published((), 0)
    if render_all or publishing.released or publishing.has_changed or publishing.revised:
        published = rebuild(desk, all_serials, now)
    unheard = ping_hub(desk, published.written, now)
    came_back = take_bounces(desk, now)
    letters = send_letters(desk, now)
    delivering = deliver(desk, now)
    untold = call_webhooks(desk, now).problems
    return TickReport(
        now=now,
        diagnostics=catalogue.diagnostics,
        locked=locked,
        publishing=publishing,
        published=published,
        drips_planned=drips,
        unheard=unheard,
        untold=untold,
        came_back=came_back,
        letters=letters,
        delivering=delivering,
        serials=all_serials,
        next_at=next_at(desk, all_serials),
    )


def publish_pictures(desk: Desk, pictures: Mapping[str, Picture]) -> None:
    """Put the pictures of the content folder where pages, feeds and mail look for them.

    Their paths follow from their bytes: one that is there is not looked at again, and one that was
    changed leaves the old one to the parts that showed it.
    """
    there = publish.names(desk.feeds, content.MEDIA)
    for name, one in pictures.items():
        if not one.problem and one.path.split("/")[1] not in there:
            raw = content.picture_bytes(desk.content, name, one)
            publish.write(desk.feeds, [(unquote(one.path), raw)] if raw is not None else [])


def next_at(desk: Desk, all_serials: tuple[Serial, ...]) -> datetime | None:
    """The next instant at which something is due; None when all is done."""
    with desk.store.read() as tx:
        waiting = [store.deliveries.next_due(tx), store.letters.next_due(tx)]
        if desk.hub is not None:
            waiting.append(store.pings.next_due(tx))
    coming = [one.upcoming[0].due_at for one in all_serials if one.upcoming]
    known = [at for at in (*coming, *waiting) if at is not None]
    return min(known, default=None)

"""Tries everything that a run needs, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline import content, store
from pipeline.errors import PartworkError, UsageError
from pipeline.jobs.catalogue import Catalogue, Tell, Volume, catalogue_of
from pipeline.jobs.desk import Desk
from pipeline.jobs.preview import mail_lint, render_part, stem
from pipeline.jobs.standing import standings
from pipeline.model import Diagnostic, Part


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found: about guides, and about everything else."""

    guides: int
    """How many can go out."""
    diagnostics: tuple[Diagnostic, ...]
    problems: tuple[str, ...]
    templates: tuple[str, ...] = ()
    """Those of the site that stand in the place of ours."""


def check(desk: Desk, now: datetime, tell: Tell = lambda _done, _of: None) -> CheckReport:
    """What would keep a run from doing its work.

    Templates are tried on the first part of one guide, whose mail is linted; the relay is greeted
    and logged in to.
    `tell` hears how many of how many guides are done.
    """
    catalogue = catalogue_of(desk, now, tell)
    problems = [*_try_templates(desk, catalogue, now), *_try_transport(desk)]
    return CheckReport(
        len(catalogue.scheduled), catalogue.diagnostics, tuple(problems), _own_templates(desk)
    )


def _own_templates(desk: Desk) -> tuple[str, ...]:
    sources = desk.templates.sources
    ours = {name: sources.get(f"{content.PRODUCT}/{name}") for name in sources}
    own = (name for name, text in ours.items() if text is not None and text != sources[name])
    return tuple(sorted(own))


def _try_templates(desk: Desk, catalogue: Catalogue, now: datetime) -> list[str]:
    if not catalogue.scheduled:
        return []
    try:
        slug = catalogue.scheduled[0].guide.slug
        issue, _, files = render_part(desk, catalogue, slug, 1, now)
    except PartworkError as error:
        return [str(error)]
    found = mail_lint(desk, files[f"{stem(issue)}.html"].decode())
    return [f"mail, {one}" for one in found if one.severity == "error"]


def _try_transport(desk: Desk) -> list[str]:
    problems = []
    for transport in desk.transports:
        try:
            with transport.connect():
                pass
        except PartworkError as error:
            problems.append(str(error))
    return problems


@dataclass(frozen=True, slots=True)
class LookReport:
    """A guide with its parts, and how many of them are out."""

    volume: Volume
    parts: tuple[Part, ...]
    released: int


def look(desk: Desk, slug: str, now: datetime) -> LookReport:
    """A guide as it is read now, drafts included.

    Raises:
        UsageError: No readable guide has this slug.
    """
    catalogue = catalogue_of(desk, now)
    found = {one.guide.slug: one for one in catalogue.volumes}
    if slug not in found:
        wrong = "; see `partwork check`" if catalogue.errors else ""
        raise UsageError(f"no guide is called {slug!r}", f"known: {', '.join(found)}{wrong}")
    only = Catalogue((found[slug],), ())
    with desk.store.read() as tx:
        standing = standings(tx, desk, only, now, drafts=True)[0]
        released = len(store.issues.releases(tx, slug).get(slug, ()))
    return LookReport(found[slug], standing.parts, released)

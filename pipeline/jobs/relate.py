"""Chooses what is related to issues that go out: brings the ranking all that may be led to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from pipeline import markup, related, store, trust
from pipeline.jobs.catalogue import Catalogue
from pipeline.jobs.desk import Desk
from pipeline.jobs.standing import Standing
from pipeline.model import FrontMatter, Issue


def linkable(catalogue: Catalogue, now: datetime) -> frozenset[str]:
    """The guides whose parts may be led to: not withdrawn, readable, their review not overdue."""
    fronts = (*(one.guide.front for one in catalogue.scheduled), *catalogue.resting)
    return frozenset(
        one.slug for one in fronts if not trust.is_held(one.profile, one.trust, now.date())
    )


def relate(
    tx: store.Transaction,
    desk: Desk,
    drafts: Sequence[tuple[Standing, Issue]],
    guides: Collection[str],
) -> tuple[Issue, ...]:
    """The drafts with their related links.

    Chosen among what is out of these guides and what goes out with the drafts.
    """
    if not drafts:
        return ()
    older = [_known(text) for text in store.issues.texts(tx) if text.guide in guides]
    counted = [one.counted() for one in older]
    stale = [new for old, new in zip(older, counted, strict=True) if new is not old]
    store.issues.keep_terms(tx, {one.id: one.packed for one in stale})
    mine = [_candidate(issue) for _, issue in drafts]
    whole = related.catalogue((*counted, *mine))
    return tuple(
        replace(
            issue,
            related=related.choose(
                candidate,
                whole,
                pins=_pins(desk, one.guide.front),
                exclude_urls=markup.link_targets(issue.sections),
                limit=desk.links,
                ranker=desk.ranker,
            ),
        )
        for (one, issue), candidate in zip(drafts, mine, strict=True)
    )


def explain(
    tx: store.Transaction, desk: Desk, one: Standing, issue: Issue, guides: Collection[str]
) -> tuple[related.Considered, ...]:
    """The pages most like an issue as it is now, with what would become of each today."""
    older = (_known(text) for text in store.issues.texts(tx) if text.guide in guides)
    mine = _candidate(issue)
    whole = related.catalogue((*older, mine))
    return related.explain(
        mine,
        whole,
        pins=_pins(desk, one.guide.front),
        exclude_urls=markup.link_targets(issue.sections),
        limit=desk.links,
        ranker=desk.ranker,
    )


def _pins(desk: Desk, front: FrontMatter) -> tuple[str, ...]:
    """What its writer wants linked, less addresses of the guide itself."""
    own = desk.site.url(f"{front.slug}/").rstrip("/")
    return tuple(
        pin for pin in front.related if pin.rstrip("/") != own and not pin.startswith(f"{own}/")
    )


def _candidate(issue: Issue) -> related.Candidate:
    return related.Candidate(
        id=issue.id,
        path=issue.path,
        guide=issue.guide,
        guide_title=issue.guide_title,
        title=issue.subject,
        lang=issue.lang,
        headings=" ".join(entry.title for entry in markup.headings(issue.sections)),
        body=" ".join(markup.section_text(section) for section in issue.sections),
    ).counted()


def text_of(issue: Issue) -> store.issues.IssueText:
    """An issue as the ranking will want it."""
    one = _candidate(issue)
    return store.issues.IssueText(
        id=one.id,
        path=one.path,
        guide=one.guide,
        guide_title=one.guide_title,
        title=one.title,
        lang=one.lang,
        headings=one.headings,
        words=one.body,
        terms=one.packed,
    )


def _known(text: store.issues.IssueText) -> related.Candidate:
    return related.Candidate(
        id=text.id,
        path=text.path,
        guide=text.guide,
        guide_title=text.guide_title,
        title=text.title,
        lang=text.lang,
        headings=text.headings,
        body=text.words,
        packed=text.terms,
    )

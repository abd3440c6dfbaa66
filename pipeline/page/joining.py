"""The pages on which people join by mail: the form, the letter on its way, the confirmation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from pipeline import wording
from pipeline.model import Site
from pipeline.page.frame import Head, frame
from pipeline.template import Templates

EVERY = "*"
"""Stands for all guides in the forms, as it does in the store."""

PACES: Mapping[str, str] = MappingProxyType({
    "": "as the guide itself appeared",
    "daily": "every day",
    "every 2 days": "every other day",
    "every 3 days": "every three days",
    "every 7 days": "every week",
    "every 14 days": "every two weeks",
    "weekdays": "from Monday to Friday",
})  # fmt: skip
"""The paces that a reader may choose, as cadences, and as readers say them."""

WEEKDAYS = (
    ("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday"), ("thu", "Thursday"),
    ("fri", "Friday"), ("sat", "Saturday"), ("sun", "Sunday"),
)  # fmt: skip

CONSENT = (
    "I want to get {guide} from {site} by mail at this address. Every mail has a link with which I "
    "leave at once."
)
"""What is agreed to; another text is another version, and both are told apart for ever."""


def terms(site: Site) -> str:
    """The version of the text that is agreed to."""
    return hashlib.sha256(f"{CONSENT}\n{site.title}".encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Offer:
    """A guide that one may follow by mail."""

    slug: str
    title: str
    lang: str
    parts: int
    rhythm: str = ""
    """Its own pace in words, where that is known."""


@dataclass(frozen=True, slots=True)
class JoinForm:
    """A form as it was filled in, or as it is before."""

    offers: tuple[Offer, ...]
    stamp: str
    """Signed: when it was shown."""
    zones: Sequence[str]
    guide: str = ""
    """The only one that is asked about; empty: one of all is chosen."""
    said: Mapping[str, str] = field(default_factory=dict)
    days: tuple[str, ...] = ()
    problem: str = ""
    about: str = ""
    """The field that the problem is with."""


def join_page(form: JoinForm, site: Site, templates: Templates) -> str:
    """The form; with what is wrong, when it was sent and cannot be granted."""
    offer = next((one for one in form.offers if one.slug == form.guide), None)
    root = "../../" if form.guide else "../"
    title = f"{offer.title}, by mail" if offer else "By mail"
    lang = "en"
    canonical = site.url(f"join/{form.guide}/" if form.guide else "join/")
    head = Head(title, lang, "", canonical, root)
    named = f"“{offer.title}”" if offer else "what I choose here"
    context = frame(head, site, templates) | {
        "form": form,
        "offer": offer,
        "every": EVERY,
        "paces": tuple(PACES.items()),
        "weekdays": WEEKDAYS,
        "hours": range(24),
        "languages": languages(site),
        "consent": CONSENT.format(guide=named, site=site.title),
    }
    return templates.render("page/join.html", **context)


def languages(site: Site) -> tuple[tuple[str, str], ...]:
    """The languages that we speak, each by its own name."""
    known = sorted({"en", site.lang, *site.catalogues})
    return tuple((lang, wording.autonym(lang)) for lang in known)


def asked_page(site: Site, templates: Templates) -> str:
    """What to do now: the same for everybody, whoever asked."""
    head = Head("Look into your mailbox", root="../../")
    return templates.render("page/asked.html", **frame(head, site, templates))


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A signup that is to be confirmed, or was just now."""

    guide_title: str
    """Empty for every guide."""
    lang: str
    is_drip: bool
    preferences: str = ""
    """The way to the page of preferences, once it is confirmed."""


def confirm_page(one: Confirmation | None, site: Site, templates: Templates) -> str:
    """What pressing the button does, that it is done, or (None) that the link has done its work."""
    title = "This link has done its work"
    if one is not None:
        title = "It is confirmed" if one.preferences else "One press, and it begins"
    context = frame(Head(title, root="../../"), site, templates) | {"one": one}
    return templates.render("page/confirm.html", **context)


def privacy_page(site: Site, templates: Templates) -> str:
    """What is kept, why, and for how long."""
    head = Head("What is kept about you", canonical=site.url("privacy/"), root="../")
    context = frame(head, site, templates) | {"terms": terms(site)}
    return templates.render("page/privacy.html", **context)

"""Front matter: a table of keys first, the reading of them second."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from pipeline.model import Citation, FrontMatter, GuideStatus, Person, Profile, Trust
from pipeline.strict import Node, Report

LONGEST_TITLE = 300
LONGEST_SLUG = 80
REVIEW_MONTHS = 36
"""The longest time a review may hold."""

_PIN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:/\d+)?/?")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class MisfitError(ValueError):
    """A value that does not fit its key: the line, and what would."""

    def __init__(self, line: int, message: str) -> None:
        self.line, self.message = line, message
        super().__init__(message)


def _text(node: Node) -> str:
    if not isinstance(node.value, str):
        raise MisfitError(node.line, "must be text on one line")
    return " ".join(node.value.split())


def _title(node: Node) -> str:
    said = _text(node)
    if not 0 < len(said) <= LONGEST_TITLE:
        raise MisfitError(node.line, f"must have 1 to {LONGEST_TITLE} characters")
    return said


def _slug(node: Node) -> str:
    said = _text(node)
    if len(said) > LONGEST_SLUG or not _SLUG.fullmatch(said):
        raise MisfitError(
            node.line,
            f"must be at most {LONGEST_SLUG} small letters, digits and single hyphens, "
            "as sleep-and-mood",
        )
    return said


def _texts(node: Node) -> tuple[str, ...]:
    if isinstance(node.value, str):
        return tuple(filter(None, (one.strip() for one in node.value.split(","))))
    if isinstance(node.value, Mapping):
        raise MisfitError(node.line, "must be a list")
    return tuple(_text(one) for one in node.value)


def _pins(node: Node) -> tuple[str, ...]:
    """What a writer wants linked; empty ones are left out."""
    if isinstance(node.value, Mapping):
        raise MisfitError(node.line, "must be a list")
    given = node.value
    if isinstance(given, str):
        given = tuple(Node(one, node.line) for one in given.split(","))
    return tuple(pin for one in given if (pin := _pin(one)))


def _pin(node: Node) -> str:
    said = _text(node)
    try:
        parts = urlsplit(said)
        is_web = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    except ValueError:
        is_web = False
    if said and not is_web and not _PIN.fullmatch(said):
        what = "must be a guide's slug, slug/number, or an https:// address without a user name"
        raise MisfitError(node.line, f"{said[:60]!r} {what}")
    return said


def _slugs(node: Node) -> tuple[str, ...]:
    given = node.value if isinstance(node.value, tuple) else (node,)
    return tuple(_slug(one) for one in given)


def _day(node: Node) -> date:
    try:
        return date.fromisoformat(_text(node))
    except ValueError as error:
        raise MisfitError(node.line, "must be a date as 2026-03-09") from error


def _start(node: Node) -> Any:
    return "first-run" if node.value == "first-run" else _day(node)


def _count(node: Node) -> int:
    said = _text(node)
    if not said.isdecimal() or int(said) > 100_000:  # noqa: PLR2004 -- longer than any guide
        raise MisfitError(node.line, "must be a number of words, 0 or more")
    return int(said)


def _minutes(node: Node) -> int:
    said = _text(node)
    if not said.isdecimal() or int(said) > 1_440:  # noqa: PLR2004 -- minutes of a day
        raise MisfitError(node.line, "must be a number of minutes, 0 (no limit) to 1440")
    return int(said)


def _flag(node: Node) -> bool:
    said = _text(node)
    if said not in {"true", "false"}:
        raise MisfitError(node.line, "must be true or false")
    return said == "true"


def _url(node: Node) -> str:
    said = _text(node)
    parts = urlsplit(said)
    if said and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise MisfitError(node.line, "must be an address that begins with https://")
    return said


def _choice(kind: type[Profile | GuideStatus]) -> Callable[[Node], Any]:
    def read(node: Node) -> Profile | GuideStatus:
        said = _text(node)
        if said not in set(kind):
            raise MisfitError(node.line, f"must be one of {', '.join(kind)}")
        return kind(said)

    return read


def _fields(
    node: Node, readers: Mapping[str, Callable[[Node], Any]], needed: Iterable[str]
) -> dict[str, Any]:
    """The fields of a mapping, each read by its reader."""
    if not isinstance(node.value, Mapping):
        raise MisfitError(node.line, f"must be a mapping of {', '.join(readers)}")
    for key, value in node.value.items():
        if key not in readers:
            raise MisfitError(value.line, f"unknown key {key}; {nearest(key, readers)}")
    for key in needed:
        if key not in node.value:
            raise MisfitError(node.line, f"needs {key}")
    return {key: readers[key](value) for key, value in node.value.items()}


def _person(node: Node) -> Person:
    if isinstance(node.value, str):
        return Person(_title(node))
    return Person(**_fields(node, {"name": _title, "credentials": _text, "url": _url}, ["name"]))


def _doi(node: Node) -> str:
    said = _text(node).removeprefix("https://doi.org/").removeprefix("doi:")
    if not re.fullmatch(r"10\.\d{4,9}/\S+", said):
        raise MisfitError(node.line, "must be a DOI as 10.1000/182")
    return f"https://doi.org/{said}"


def _citation(node: Node) -> Citation:
    readers = {"id": _title, "title": _title, "url": _url, "doi": _doi, "published": _text}
    said = _fields(node, readers, ["id", "title"])
    url = said.pop("doi", "") or said.get("url", "")
    if not url:
        raise MisfitError(node.line, "a citation needs a url or a doi")
    return Citation(**{**said, "url": url})


def _citations(node: Node) -> tuple[Citation, ...]:
    if not isinstance(node.value, tuple):
        raise MisfitError(node.line, "must be a list of citations")
    found = tuple(map(_citation, node.value))
    if len({one.id for one in found}) < len(found):
        raise MisfitError(node.line, "two citations have one id")
    return found


OF_GUIDE: Mapping[str, Callable[[Node], Any]] = {
    "slug": _slug,
    "aliases": _slugs,
    "lang": _text,
    "title": _title,
    "description": _text,
    "author": _person,
    "tags": _texts,
    "profile": _choice(Profile),
    "status": _choice(GuideStatus),
    "cadence": _text,
    "zone": _text,
    "start": _start,
    "min_words": _count,
    "max_minutes": _minutes,
    "discreet": _flag,
    "related": _pins,
    "canonical_url": _url,
}
OF_TRUST: Mapping[str, Callable[[Node], Any]] = {
    "reviewer": _person,
    "last_reviewed": _day,
    "next_review": _day,
    "review_scope": _text,
    "citations": _citations,
    "disclaimer": _text,
    "conflicts": _text,
    "funding": _text,
    "emergency_line": _text,
}
KEYS: Mapping[str, Callable[[Node], Any]] = {**OF_GUIDE, **OF_TRUST}
"""Every key that front matter may hold, and who reads it."""


def read_front(
    said: Mapping[str, Node], fallback: Mapping[str, str], report: Report
) -> FrontMatter:
    """The front matter as declared; what does not fit goes into the report.

    Args:
        said: The keys with their nodes.
        fallback: `slug` and `title` for a guide that declares none; either may be missing.
        report: Takes an error for each key that is unknown or does not fit.
    """
    values: dict[str, Any] = {key: value for key, value in fallback.items() if value}
    for key, node in said.items():
        try:
            values[key] = _read(key, node)
        except MisfitError as misfit:
            report.error(misfit.line, key, f"{key} {misfit.message}".strip())
    is_readable = not any(one.rule in {"yaml", "toml", "front"} for one in report.found)
    if "title" not in values and is_readable:
        report.error(1, "title", "has no title; add a line `title: ...` to the front matter")
    trust = Trust(**{key: values.pop(key) for key in OF_TRUST if key in values})
    _check_review(trust, said, report)
    _check_pins(said, report)
    known = {key: value for key, value in values.items() if key in OF_GUIDE}
    return FrontMatter(**{"title": "", "slug": "untitled", **known}, trust=trust)


def _read(key: str, node: Node) -> Any:
    if key not in KEYS:
        raise MisfitError(node.line, f"is no key of front matter; {nearest(key, KEYS)}")
    return KEYS[key](node)


def nearest(key: str, known: Iterable[str]) -> str:
    """The known key that was probably meant, or all of them."""
    close = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"


def _check_pins(said: Mapping[str, Node], report: Report) -> None:
    """Tell of hosts that may be made to look like others."""
    pins = said["related"].value if "related" in said else ()
    for one in pins if isinstance(pins, tuple) else ():
        host = _host(one)
        if host and (not host.isascii() or "xn--" in host):
            what = f"related leads to {host}, which may be made to look like another site"
            report.warn(one.line, "related", what)


def _host(node: Node) -> str | None:
    try:
        return urlsplit(node.value).hostname if isinstance(node.value, str) else None
    except ValueError:
        return None


def _check_review(trust: Trust, said: Mapping[str, Node], report: Report) -> None:
    last, following = trust.last_reviewed, trust.next_review
    if last is None or following is None:
        return
    months = (following.year - last.year) * 12 + following.month - last.month
    late = months > REVIEW_MONTHS or (months == REVIEW_MONTHS and following.day > last.day)
    if following <= last or late:
        report.error(
            said["next_review"].line,
            "next_review",
            f"next_review must come after last_reviewed, by at most {REVIEW_MONTHS} months",
        )

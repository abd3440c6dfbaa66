"""An issue as linked data: schema.org in JSON-LD, for whatever reads pages without eyes."""

from __future__ import annotations

import json
from typing import Any

from pipeline.markup import safe_url
from pipeline.model import Issue, Person, Profile, Site


def linked_data(issue: Issue, site: Site) -> str:
    """The text of a JSON-LD script that no title can break out of.

    Says nothing of a review that the front matter does not state.
    """
    url = site.url(issue.path)
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": _kinds(issue),
        "headline": issue.subject,
        "url": url,
        "mainEntityOfPage": url,
        "inLanguage": issue.lang,
        "datePublished": issue.released_at.isoformat(),
        "dateModified": issue.updated_at.isoformat(),
        "wordCount": issue.words,
        "position": issue.number,
        "isPartOf": {
            "@type": "CreativeWorkSeries",
            "name": issue.guide_title,
            "url": site.url(f"{issue.guide}/"),
        },
        "publisher": {"@type": "Organization", "name": site.title, "url": site.url("")},
    }
    data |= {"author": _who(issue.author)} if issue.author else {}
    data |= _review(issue)
    data |= {"citation": _citations(issue)} if issue.trust.citations else {}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _kinds(issue: Issue) -> str | list[str]:
    """An article; a page as well where it says what schema.org lets only pages say: its review."""
    if issue.profile == Profile.HEALTH:
        return ["Article", "MedicalWebPage"]
    return ["Article", "WebPage"] if _review(issue) else "Article"


def _review(issue: Issue) -> dict[str, Any]:
    trust = issue.trust
    if trust.is_unreviewed:
        return {}
    who = {"reviewedBy": _who(trust.reviewer)} if trust.reviewer else {}
    at = {"lastReviewed": trust.last_reviewed.isoformat()} if trust.last_reviewed else {}
    return who | at


def _citations(issue: Issue) -> list[dict[str, str]]:
    return [
        _told(
            {
                "@type": "CreativeWork",
                "name": one.title,
                "url": safe_url(one.url),
                "datePublished": one.published,
            }
        )
        for one in issue.trust.citations
    ]


def _who(person: Person) -> dict[str, str]:
    said = {
        "@type": "Person",
        "name": person.name,
        "description": person.credentials,
        "url": safe_url(person.url),
    }
    return _told(said)


def _told(said: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in said.items() if value}

"""What the ranking of related issues is told of an issue."""

from __future__ import annotations

from pipeline import markup
from pipeline.model import Issue


def headings_of(issue: Issue) -> str:
    """Its headings on one line."""
    return " ".join(entry.title for entry in markup.headings(issue.sections))


def words_of(issue: Issue) -> str:
    """Its text on one line."""
    return " ".join(markup.section_text(section) for section in issue.sections)

"""Section numbers: those that the writer gave, or those that follow from the order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipeline.model import Section
from pipeline.strict import Report

NUMBERED = re.compile(r"(\d{1,3}(?:\.\d{1,3})+|\d{1,3}(?=[.)]))[.)]?\s+(\S.*)")
"""A number that is meant as one: `3.1 Title`, `3. Title` or `3) Title`, but not `3 ways`."""


def number_sections(sections: Sequence[Section], report: Report) -> tuple[Section, ...]:
    """The sections with numbers.

    Where at least half of the headings begin with a number, the writer's numbers are kept and
    taken out of the titles, and each that breaks the sequence is told. Otherwise sections are
    numbered in their order.
    """
    flat = list(_walk(sections))
    written = sum(NUMBERED.fullmatch(one.title) is not None for one in flat)
    if flat and written * 2 >= len(flat):
        kept = tuple(_take(one) for one in sections)
        _complain(kept, report)
        return kept
    return _assign(sections, "")


def _walk(sections: Sequence[Section]) -> Iterator[Section]:
    for section in sections:
        yield section
        yield from _walk(section.children)


def _take(section: Section) -> Section:
    found = NUMBERED.fullmatch(section.title)
    children = tuple(map(_take, section.children))
    if found is None:
        return replace(section, children=children)
    return replace(section, number=found[1], title=found[2], children=children)


def _assign(sections: Sequence[Section], above: str) -> tuple[Section, ...]:
    return tuple(
        replace(one, number=f"{above}{n}", children=_assign(one.children, f"{above}{n}."))
        for n, one in enumerate(sections, start=1)
    )


def _complain(sections: Sequence[Section], report: Report, above: str = "") -> None:
    """Tell of numbers that are missing, repeated or skipped."""
    count = 0
    for section in sections:
        if not section.number:
            what = f"heading {section.title!r} has no number; its neighbours do"
            report.warn(section.lines.first, "number", what)
        else:
            count += 1
            wanted = f"{above}{count}"
            if section.number != wanted:
                what = f"section {section.number} stands where {wanted} was expected"
                report.warn(section.lines.first, "number", what)
                last = section.number.rsplit(".", 1)[-1]
                count = int(last) if last.isdecimal() else count
        _complain(section.children, report, f"{section.number}." if section.number else above)

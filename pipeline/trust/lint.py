"""Looks through a guide's words by rules, as a compiler looks through code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.markup import headings, known_as, link_targets, running_text
from pipeline.model import (
    Block,
    Diagnostic,
    Guide,
    Heading,
    HtmlBlock,
    Inline,
    InlineHtml,
    Lines,
    ListBlock,
    Paragraph,
    Profile,
    Quote,
    Section,
    Severity,
    Table,
    Text,
)
from pipeline.trust.readability import HARDEST, readability
from pipeline.trust.rules import Rule

_OFF = re.compile(r"<!--\s*lint:\s*off\s+([\w,\s-]+?)\s*-->")
_NOTE = re.compile(r"\[\d{1,3}\]")
_BENEFITS = re.compile(r"\b(?:benefits?|advantages?)\b", re.IGNORECASE)
_SAFETY = re.compile(r"\b(?:safety|side[- ]effects?|risks?|harms?|adverse)\b", re.IGNORECASE)


def lint(guide: Guide, rules: Sequence[Rule]) -> tuple[Diagnostic, ...]:
    """What in a guide's words needs a second look, by file and line.

    A rule is off for the line of a comment `<!-- lint: off RULE -->` and the line below it, and
    for the whole block below a comment that stands alone. A comment that switches nothing off is
    told.

    Args:
        guide: As parsed.
        rules: Those of the product and of the site.
    """
    front = guide.front
    mine = [one for one in rules if one.is_for(front.profile, front.lang)]
    found: list[Diagnostic] = []
    if mine:
        ids = frozenset(one.id for one in front.trust.citations)
        desk = _Desk(guide.source, mine, ids)
        for section in guide.parts:
            desk.section(section)
        found += desk.told()
    if front.profile is Profile.HEALTH:
        found += _benefits(guide)
        found += _figures(guide)
    return tuple(sorted(found, key=lambda one: one.line))


@dataclass(slots=True)
class _Switch:
    rules: frozenset[str]
    first: int
    last: int
    is_used: bool = False


@dataclass(slots=True)
class _Desk:
    file: str
    rules: Sequence[Rule]
    citations: frozenset[str]
    switches: list[_Switch] = field(default_factory=list)
    found: list[tuple[int, Rule, str]] = field(default_factory=list)

    def section(self, section: Section) -> None:
        """Look through a section and those below it, titles included."""
        self._text(section.title, section.lines.first, cited=True)
        self._blocks(section.blocks)
        for child in section.children:
            self.section(child)

    def _blocks(self, blocks: Sequence[Block]) -> None:
        alone: list[tuple[frozenset[str], int]] = []
        for block in blocks:
            offs = list(_offs(block.source)) if isinstance(block, HtmlBlock) else []
            if offs:
                alone += [(one, block.lines.first) for one in offs]
                continue
            self.switches += [_Switch(one, first, block.lines.last) for one, first in alone]
            alone = []
            self._block(block)
        self.switches += [_Switch(one, first, first) for one, first in alone]

    def _block(self, block: Block) -> None:
        match block:
            case Paragraph() | Heading():
                self._inline(block.content, block.lines)
            case ListBlock():
                for item in block.items:
                    self._blocks(item)
            case Quote():
                self._blocks(block.blocks)
            case Table():
                for row, lines in _rows(block):
                    for cell in row:
                        self._inline(cell, lines)
            case _:
                return

    def _inline(self, content: Sequence[Inline], lines: Lines) -> None:
        line = lines.first
        for node in content:
            if isinstance(node, Text):
                line += node.text.count("\n")
            elif isinstance(node, InlineHtml):
                self.switches += [_Switch(one, line, line + 1) for one in _offs(node.source)]
        text = running_text(content)
        self._text(text, lines.first, cited=self._is_cited(content, text, lines))

    def _is_cited(self, content: Sequence[Inline], text: str, lines: Lines) -> bool:
        targets = link_targets((Section("", (Paragraph(tuple(content), lines),), lines),))
        if any(one.startswith(("http://", "https://")) for one in targets) or _NOTE.search(text):
            return True
        return any(f"[{one}]" in text or f"({one})" in text for one in self.citations)

    def _text(self, text: str, first: int, *, cited: bool) -> None:
        for rule in self.rules:
            if rule.unless_cited and cited:
                continue
            spared = [one.span() for one in rule.excepted.finditer(text)] if rule.excepted else []
            for match in rule.phrases.finditer(text):
                if not any(a <= match.start() and match.end() <= b for a, b in spared):
                    line = first + text.count("\n", 0, match.start())
                    self.found.append((line, rule, " ".join(match[0].split())))

    def told(self) -> Iterator[Diagnostic]:
        """What was found and is not switched off, and the switches that switch nothing."""
        seen: set[tuple[int, str]] = set()
        for line, rule, words in self.found:
            if not self._is_off(line, rule.id) and (line, rule.id) not in seen:
                seen.add((line, rule.id))  # once a line is enough
                what = f"“{words}” {rule.message}"
                yield Diagnostic(self.file, line, rule.severity, rule.id, what)
        for one in self.switches:
            if not one.is_used:
                what = f"`lint: off {', '.join(sorted(one.rules))}` switches nothing off; delete it"
                yield Diagnostic(self.file, one.first, Severity.NOTE, "lint", what)

    def _is_off(self, line: int, rule: str) -> bool:
        fitting = [
            one for one in self.switches if rule in one.rules and one.first <= line <= one.last
        ]
        for one in fitting:
            one.is_used = True
        return bool(fitting)


def _rows(table: Table) -> Iterator[tuple[Sequence[Sequence[Inline]], Lines]]:
    """Its rows with their lines: one each in Markdown; else nobody knows but the whole table."""
    first, last = table.lines.first, table.lines.last
    is_line_each = last - first == len(table.rows) + 1  # the header, a line of dashes, the rows
    for at, row in enumerate((table.header, *table.rows)):
        line = first + at + (at > 0)
        yield row, Lines(line, line) if is_line_each else table.lines


def _offs(source: str) -> Iterator[frozenset[str]]:
    for found in _OFF.findall(source):
        yield frozenset(re.split(r"[,\s]+", found))


def _benefits(guide: Guide) -> Iterator[Diagnostic]:
    """Sections on benefits that neither go out with, nor link to, what may go wrong."""
    sections = guide.sections
    places = _places(sections)
    for index, section in enumerate(sections):
        if not _BENEFITS.search(section.title) or _SAFETY.search(section.title):
            continue
        after = sections[index + 1 : index + 2]
        has_place = any(_SAFETY.search(one.title) for one in (*section.children, *after))
        has_link = any(_SAFETY.search(places.get(one, "")) for one in link_targets((section,)))
        if not has_place and not has_link:
            what = (
                f'"{section.title}" is not followed by a section on safety and links to none; '
                "readers of this part would not learn what may go wrong"
            )
            line = section.lines.first
            yield Diagnostic(guide.source, line, Severity.WARNING, "safety", what)


def _places(sections: Sequence[Section]) -> dict[str, str]:
    """The titles of sections by the links that lead to them."""
    found: dict[str, str] = {}
    for one in headings(sections):
        for name in (one.anchor, *known_as(one.title, one.number)):
            found.setdefault(f"#{name}", one.title)
    return found


def _figures(guide: Guide) -> Iterator[Diagnostic]:
    found = readability(guide)
    if found is None:
        return
    said = f"LIX {found.lix:.0f}"
    is_hard = False
    if found.flesch is not None:
        said = f"Flesch reading ease {found.flesch:.0f}, {said}"
        is_hard = found.flesch < HARDEST
    what = f"{said}: hard to read for patients; shorten sentences" if is_hard else said
    severity = Severity.WARNING if is_hard else Severity.NOTE
    yield Diagnostic(guide.source, 1, severity, "readability", what)

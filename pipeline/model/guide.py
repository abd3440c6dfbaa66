"""A guide as parsed, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

from typing_extensions import override

from pipeline.model.text import Block, Lines


@dataclass(frozen=True, slots=True)
class Piece:
    """Which piece of a section that is too long for one part: the second of three."""

    number: int
    """From 1; how many are out, in a section that is the rest."""
    of: int
    """How many there are as planned; 0 in the rest."""


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of a guide with an id that never changes once it is minted.

    `number` is what the reader sees ("3.1"); the intro and the outro have none and no title.
    An empty `id` means that none has been minted yet.
    """

    title: str
    blocks: tuple[Block, ...]
    lines: Lines
    number: str = ""
    children: tuple[Section, ...] = ()
    role: Literal["intro", "section", "outro"] = "section"
    id: str = ""
    piece: Piece | None = None

    @property
    def label(self) -> str:
        """Its title, and which piece of it this is: `Wintering (2 of 3)`."""
        if not self.title or self.piece is None or not self.piece.of:
            return self.title
        return f"{self.title} ({self.piece.number} of {self.piece.of})"


@dataclass(frozen=True, slots=True)
class Person:
    """An author or reviewer as the front matter states them."""

    name: str
    credentials: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that the text refers to as `id`."""

    id: str
    title: str
    url: str
    """Absolute; a DOI is written as its https://doi.org/ address."""
    published: str = ""


NOT_REVIEWED = "not reviewed"
"""The reviewer's name that says plainly that there was none: for demonstrations only."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What stands behind the words; never more than the front matter states."""

    reviewer: Person | None = None
    last_reviewed: date | None = None
    next_review: date | None = None
    review_scope: str = ""
    citations: tuple[Citation, ...] = ()
    disclaimer: str = ""
    conflicts: str = ""
    funding: str = ""
    emergency_line: str = ""

    @property
    def is_unreviewed(self) -> bool:
        """Whether it says plainly that nobody reviewed the text; then its dates mean nothing."""
        return self.reviewer is not None and self.reviewer.name.strip().lower() == NOT_REVIEWED


class Profile(StrEnum):
    """Which rules of trust a guide is held to."""

    GENERAL = "general"
    HEALTH = "health"


class GuideStatus(StrEnum):
    """Whether a guide may go out."""

    DRAFT = "draft"
    READY = "ready"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a writer declares about a guide, checked and typed.

    `start` is the first day on which a slot may lie, or "first-run". An empty `cadence` or `zone`
    means the site's own.
    """

    slug: str
    title: str
    lang: str = "en"
    description: str = ""
    author: Person | None = None
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    profile: Profile = Profile.GENERAL
    status: GuideStatus = GuideStatus.READY
    cadence: str = ""
    zone: str = ""
    start: date | Literal["first-run"] = "first-run"
    min_words: int = 80
    max_minutes: int = 15
    """What takes longer to read goes out in pieces; 0: nothing is split."""
    discreet: bool = False
    """Whether nothing outside the text of its mail may say what it is about."""
    related: tuple[str, ...] = ()
    canonical_url: str = ""
    trust: Trust = field(default_factory=Trust)


@dataclass(frozen=True, slots=True)
class Guide:
    """A source document as a tree: intro, sections, outro."""

    front: FrontMatter
    sections: tuple[Section, ...]
    source: str
    """The file it came from, as a path a person can open."""
    intro: Section | None = None
    outro: Section | None = None
    front_source: str = ""
    """The file that holds the front matter: the guide itself or its sidecar."""
    key_lines: tuple[tuple[str, int], ...] = ()
    """The line of each front matter key in `front_source`."""

    def line_of(self, key: str) -> int:
        """The line that declares a front matter key, or 1 when it is not declared."""
        return dict(self.key_lines).get(key, 1)

    @property
    def slug(self) -> str:
        """The name in URLs, tables and commands."""
        return self.front.slug

    @property
    def title(self) -> str:
        """The title that readers see."""
        return self.front.title

    @property
    def parts(self) -> tuple[Section, ...]:
        """Intro, sections and outro in reading order."""
        return (
            *((self.intro,) if self.intro else ()),
            *self.sections,
            *((self.outro,) if self.outro else ()),
        )


class Severity(StrEnum):
    """How much a diagnostic matters: an error keeps its guide from going out."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something to tell the writer, as a compiler would."""

    file: str
    line: int
    severity: Severity
    rule: str
    message: str

    @override
    def __str__(self) -> str:
        """`file:line: severity: rule: message`."""
        return f"{self.file}:{self.line}: {self.severity}: {self.rule}: {self.message}"

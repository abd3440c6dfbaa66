"""What goes into parsing and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.model import Block, Diagnostic, Guide, Lines, Section


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a guide, decoded, with LF line ends."""

    name: str
    """The path shown to people; its ending says what the text is."""
    text: str
    sidecar: str | None = None
    """TOML that stands beside a plain text and says what front matter would."""
    sidecar_name: str = ""
    files: tuple[tuple[int, str], ...] = ()
    """Of a folder: the line of `text` that each file's lines come after, and the file's name."""
    guess: str = ""
    """A title for a text that is imported and says none; then it needs no sidecar either."""

    def place(self, one: Diagnostic) -> Diagnostic:
        """The diagnostic with the file of a folder that it is about, and the line in that file."""
        if not self.files or one.file != self.name:
            return one
        before, file = max(
            (each for each in self.files if each[0] < one.line), default=self.files[0]
        )
        return replace(one, file=file, line=max(1, one.line - before))


@dataclass(frozen=True, slots=True)
class Parsed:
    """A guide, or None if a diagnostic is an error."""

    guide: Guide | None
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """What a front end makes of a text."""

    intro: tuple[Block, ...]
    sections: tuple[Section, ...]
    outro: tuple[Block, ...]
    title: str = ""
    """What the text itself says that it is called."""

    def ends(self, role: str) -> Section | None:
        """The intro or the outro as a section; None when it says nothing."""
        blocks = self.intro if role == "intro" else self.outro
        if not blocks:
            return None
        lines = Lines(blocks[0].lines.first, blocks[-1].lines.last)
        return Section("", blocks, lines, role="intro" if role == "intro" else "outro")

"""Brings a text in as a guide file, and writes a guide out as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline import content, guide, publish
from pipeline.errors import UsageError
from pipeline.guide import Imported
from pipeline.jobs.check import look
from pipeline.jobs.desk import Desk


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the writer wants of an import; empty is what the text says itself."""

    title: str = ""
    slug: str = ""
    kind: str = ""
    """text, markdown or html."""
    out: Path | None = None
    """Where to write; None: `<slug>.md` in the content folder."""
    force: bool = False
    """Whether a file that is there may be written over."""


@dataclass(frozen=True, slots=True)
class ImportedReport:
    """What became of an import; `path` is None when nothing was written."""

    imported: Imported
    path: Path | None


def import_text(desk: Desk, name: str, text: str, wanted: Wanted) -> ImportedReport:
    """A guide file made of a text, as a draft.

    Raises:
        UsageError: The kind is not known, or the file is there already.
        FileError: It cannot be written.
    """
    kinds = {"text", "markdown", "html"}
    if wanted.kind and wanted.kind not in kinds:
        raise UsageError(f"--from {wanted.kind!r} is not known", f"say {', '.join(sorted(kinds))}")
    kind = guide.kind_of(f".{wanted.kind}" if wanted.kind else name, text)
    found = guide.import_guide(name, text, kind, title=wanted.title, slug=wanted.slug)
    if found.guide is None:
        return ImportedReport(found, None)
    path = wanted.out or desk.content / f"{found.guide.slug}.md"
    if path.exists() and not wanted.force:
        raise UsageError(f"{path} is there already", "choose another --slug or --out, or --force")
    publish.write(path.parent, [(path.name, found.text.encode())])
    return ImportedReport(found, path)


def read_any(path: Path) -> tuple[str, str]:
    """The name and the text of a file, or of a folder's files as one, in the order of their names.

    Raises:
        FileError: It cannot be read as text.
        UsageError: A folder holds no file that could be part of a guide.
    """
    if not path.is_dir():
        return path.name, content.read_text(path)
    texts = [
        content.read_text(one)
        for one in sorted(path.iterdir(), key=content.natural)
        if one.suffix.lower() in content.MARKDOWN
    ]
    if not texts:
        raise UsageError(f"{path} holds no Markdown files", "name a file, or another folder")
    return f"{path.name}.md", "\n\n".join(texts)


def export(desk: Desk, slug: str, now: datetime) -> str:
    """A guide as Markdown with front matter; importing it gives the same tree.

    Raises:
        UsageError: No readable guide has this slug.
    """
    return guide.write_markdown(look(desk, slug, now).volume.guide)


def write_export(path: Path, text: str) -> None:
    """Write an exported guide into a file.

    Raises:
        FileError: It cannot be written.
    """
    publish.write(path.parent, [(path.name, text.encode())])

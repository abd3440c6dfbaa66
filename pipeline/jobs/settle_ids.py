"""Shows how a guide's sections are recognised, and takes the writer's answer to doubts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline import content, guide, publish
from pipeline.errors import UsageError
from pipeline.jobs.catalogue import Remembered, identify, remembered
from pipeline.jobs.desk import Desk
from pipeline.model import Diagnostic


@dataclass(frozen=True, slots=True)
class IdsReport:
    """A guide's sections with their ids, and what only the writer can say."""

    known: tuple[guide.KnownSection, ...]
    minted: frozenset[str]
    """The ids that are new; kept only if the file was written."""
    file: Path
    diagnostics: tuple[Diagnostic, ...]


def settle_ids(desk: Desk, slug: str, accept: guide.Accept | None) -> IdsReport:
    """How a guide's sections are recognised; with an answer to its doubts, the ids are written.

    Raises:
        UsageError: No readable guide has this slug.
        FileError: The ids file is damaged or cannot be written.
    """
    parsed = [guide.parse(source).guide for source in content.read(desk.content).sources]
    guides = {one.slug: one for one in parsed if one is not None}
    if slug not in guides:
        known = ", ".join(guides) or "none"
        raise UsageError(f"no readable guide is called {slug!r}", f"known: {known}")
    one = guides[slug]
    found, file, _ = identify(one, desk, remembered(desk).get(slug, Remembered()), accept)
    if accept is not None and not found.diagnostics:
        publish.write(file.parent, [(file.name, guide.dump_ids(found.known).encode())])
    return IdsReport(found.known, found.minted, file, found.diagnostics)

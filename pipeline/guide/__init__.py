"""Text in, a guide out: one tree from Markdown and plain text, its parts, its permanent ids."""

from pipeline.guide.identity import Accept, Identified, identify
from pipeline.guide.ids_file import KnownSection, dump_ids, load_ids
from pipeline.guide.illustrating import illustrate
from pipeline.guide.importing import Imported, import_guide, kind_of
from pipeline.guide.planning import plan, subject
from pipeline.guide.reading import parse
from pipeline.guide.revision import Edit, current, edit_between, remaining
from pipeline.guide.source import Parsed, Source
from pipeline.guide.writing import write_markdown

__all__ = [
    "Accept",
    "Edit",
    "Identified",
    "Imported",
    "KnownSection",
    "Parsed",
    "Source",
    "current",
    "dump_ids",
    "edit_between",
    "identify",
    "illustrate",
    "import_guide",
    "kind_of",
    "load_ids",
    "parse",
    "plan",
    "remaining",
    "subject",
    "write_markdown",
]

"""Text in, a guide out: one tree from Markdown and plain text, its parts, its permanent ids."""

from pipeline.guide.identity import Accept, Identified, identify
from pipeline.guide.ids_file import KnownSection, dump_ids, load_ids
from pipeline.guide.planning import plan
from pipeline.guide.reading import parse
from pipeline.guide.source import Parsed, Source

__all__ = [
    "Accept",
    "Identified",
    "KnownSection",
    "Parsed",
    "Source",
    "dump_ids",
    "identify",
    "load_ids",
    "parse",
    "plan",
]

"""Blocks in, HTML fragment and plain text out; sanitised, absolute, the same words in both."""

from pipeline.markup.html import render_html
from pipeline.markup.outline import TocEntry, contents, headings, known_as, needs_titles, slugify
from pipeline.markup.plain import (
    block_words,
    count_words,
    link_targets,
    plain,
    running_text,
    section_text,
    summary,
)
from pipeline.markup.text import render_text
from pipeline.markup.urls import clean_text, one_line, safe_url

__all__ = [
    "TocEntry",
    "block_words",
    "clean_text",
    "contents",
    "count_words",
    "headings",
    "known_as",
    "link_targets",
    "needs_titles",
    "one_line",
    "plain",
    "render_html",
    "render_text",
    "running_text",
    "safe_url",
    "section_text",
    "slugify",
    "summary",
]

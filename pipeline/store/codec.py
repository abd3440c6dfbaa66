"""Nouns of the model as JSON text and back: how an issue is frozen."""

from __future__ import annotations

from functools import lru_cache

from pydantic import TypeAdapter

from pipeline.model import FrontMatter, Issue, Part

_ISSUE = TypeAdapter(Issue)
_OUTLINE = TypeAdapter(tuple[FrontMatter, tuple[Part, ...]])


def freeze(issue: Issue) -> str:
    """The whole issue as JSON; `thaw` gives an equal one back."""
    return _ISSUE.dump_json(issue).decode()


def thaw(frozen: str) -> Issue:
    """The issue that was frozen."""
    return _ISSUE.validate_json(frozen)


def dump_outline(front: FrontMatter, parts: tuple[Part, ...]) -> str:
    """Front matter and parts as JSON."""
    return _OUTLINE.dump_json((front, parts)).decode()


@lru_cache(maxsize=1024)
def load_outline(outline: str) -> tuple[FrontMatter, tuple[Part, ...]]:
    """Front matter and parts as they were dumped."""
    return _OUTLINE.validate_json(outline)

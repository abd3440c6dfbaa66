"""How hard a text is to read, by two figures that anyone can compute again."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.markup import section_text
from pipeline.model import Guide, language

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SENTENCE = re.compile(r"[.!?…:]+(?=\s|$)|\n")
_VOWELS = re.compile(r"[aeiouy]+")
LONG = 6
"""Letters: a longer word is long for LIX."""

HARDEST = 30.0
"""Flesch: below this, texts are for graduates."""

FEWEST = 100
"""Words below which figures say nothing."""


@dataclass(frozen=True, slots=True)
class Readability:
    """Figures of a text."""

    lix: float
    """Björnsson 1968: words a sentence, plus the share of words over 6 letters in per cent."""
    flesch: float | None
    """Flesch 1948: 206.835 - 1.015 words a sentence - 84.6 syllables a word; English only."""


def readability(guide: Guide) -> Readability | None:
    """The figures of a guide; None when it is too short for any."""
    text = "\n".join(map(section_text, guide.parts))
    words = _WORD.findall(text)
    if len(words) < FEWEST:
        return None
    sentences = max(1, sum(bool(_WORD.search(one)) for one in _SENTENCE.split(text)))
    each = len(words) / sentences
    lix = each + 100 * sum(len(one) > LONG for one in words) / len(words)
    if language(guide.front.lang) != "en":
        return Readability(lix, None)
    syllables = sum(map(_syllables, words)) / len(words)
    return Readability(lix, 206.835 - 1.015 * each - 84.6 * syllables)


def _syllables(word: str) -> int:
    """Groups of vowels, a silent e at the end not counted: right for about nine words in ten."""
    lower = word.lower()
    count = len(_VOWELS.findall(lower))
    if lower.endswith("e") and not lower.endswith(("le", "ee", "ye")) and count > 1:
        count -= 1
    return max(1, count)

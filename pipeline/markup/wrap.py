"""Running text in lines no wider than asked; widths are those of a terminal or a text mail."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_SPACES = re.compile(
    "[\t-\r\x1c-\x20\x85\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]+"
)
"""All white space but that which holds words together: U+00A0, U+2007 and U+202F."""


def collapsed(text: str) -> str:
    """The text with single spaces for white space, as HTML shows it; those at its ends stay."""
    return _SPACES.sub(" ", text)


def width_of(text: str) -> int:
    """How many columns the text takes: two for a wide character, none for an accent."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if _is_wide(character) else 1


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"W", "F"}


def wrap(text: str, width: int) -> list[str]:
    """The text in lines; a word, such as an address, is broken only where its script has no spaces.

    Args:
        text: Its white space counts as single spaces, as in HTML.
        width: In columns, at least 1.
    """
    lines: list[str] = []
    line, used = "", 0
    for glue, atom in _atoms(text, width):
        size = width_of(atom)
        if line and used + len(glue) + size > width:
            lines.append(line)
            line, used = atom, size
        else:
            line, used = line + glue + atom, used + len(glue) + size
    return [*lines, line] if line else lines


def _atoms(text: str, width: int) -> Iterator[tuple[str, str]]:
    """What must not be broken, each with what stands before it if they share a line."""
    glue = ""
    for word in filter(None, _SPACES.split(text)):
        if word.isascii() or width_of(word) <= width:
            yield glue, word
        else:
            for number, piece in enumerate(_pieces(word)):
                yield "" if number else glue, piece
        glue = " "


def _pieces(word: str) -> Iterator[str]:
    """A long word broken before each wide character, never before a closing mark."""
    begin = 0
    for at in range(1, len(word)):
        before, here = word[at - 1], word[at]
        if (_is_wide(before) or _is_wide(here)) and not _clings(before, here):
            yield word[begin:at]
            begin = at
    yield word[begin:]


def _clings(before: str, here: str) -> bool:
    """Whether a line must not begin with the one or end with the other."""
    categories = {"Pe", "Pf", "Po", "Mn", "Me", "Lm", "Cf", "Sk"}
    return unicodedata.category(here) in categories or unicodedata.category(before) in {
        "Ps",
        "Pi",
        "Cf",
    }

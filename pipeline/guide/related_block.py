"""A "You might also like" block at the end of a text: titles without addresses, left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.strict import Report

_HEADING = re.compile(
    r"(?:you (?:might|may) also like|related (?:articles|posts|guides|reading)|see also):?",
    re.IGNORECASE,
)
_SEAM = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
_CAMEL = re.compile(
    r"(?:i|e|Mc|Mac|De|Le|La|O|Fitz|You|Linked|Git|Java|Type|Power|Face|Whats|Word|Pay|Open|OpenStreet"
    r"|Postgre"
    r"|Sound|Deep|Micro|Post|My|Dev|Data|One|Drop|Quick|Tik|Snap|Air|Door|Fed|Master|Play|Net"
    r"|Action|Coffee|Use)"
)
"""What stands before a capital inside a name: `YouTube`, `McDonald`."""
LONG_LINE = 100
TWO_WORDS = 2
NEAR_END = 30
"""Lines: a block of related titles stands no further from the end."""


def split_related(lines: Sequence[tuple[int, str]], report: Report) -> Sequence[tuple[int, str]]:
    """The lines before the block; the titles in it are told, since none of them leads anywhere."""
    for index in range(len(lines) - 1, max(-1, len(lines) - NEAR_END), -1):
        if _HEADING.fullmatch(lines[index][1]):
            for number, text in lines[index + 1 :]:
                for title in unglue(text) if text else ():
                    what = f"related title {title!r} has no address: left out; we choose links"
                    report.note(number, "related", what)
            return lines[:index]
    return lines


def unglue(line: str) -> tuple[str, ...]:
    """The titles on a line: two, if two were run together without a space.

    A lower-case letter met by a capital is a seam only if both sides have two words or more, and
    both have a colon or the line is long: `iPhone`, `McDonald` and `GitHub` are no seams.
    """
    for seam in _SEAM.finditer(line):
        left, right = line[: seam.start()], line[seam.start() :]
        both_long = min(len(left.split()), len(right.split())) >= TWO_WORDS
        if _CAMEL.fullmatch(re.split(r"\W", left)[-1]):
            continue
        whole = re.split(r"\s", right, maxsplit=1)[0]
        if both_long and len(whole) > TWO_WORDS and (
            (":" in left and ":" in right) or len(line) > LONG_LINE
        ):  # fmt: skip
            return left.strip(), right.strip()
    return (line.strip(),)

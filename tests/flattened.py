"""Guides flattened into plain text, as they come out of a mail or a copied page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from pipeline.markup import block_words
from pipeline.model import Block, Guide, ListBlock, Section

Heading = tuple[str, str]
"""A number and a title."""


def numbered(sections: Sequence[Section], above: str = "") -> Iterator[tuple[Heading, Section]]:
    """Every section with the number that its place gives it, in reading order."""
    for n, one in enumerate(sections, start=1):
        number = f"{above}{n}"
        yield (number, " ".join(one.title.split())), one
        yield from numbered(one.children, f"{number}.")


def flattened(guide: Guide, random: Random, *, contents: bool) -> tuple[str, list[Heading]]:
    """The guide as plain text, a line a paragraph, and the headings that are in it.

    Lines that begin with a number are planted in the prose: measures, years, steps, cross
    references.
    """
    rows = list(numbered(guide.sections))
    lines = ["Some words before anything else."]
    if contents:
        lines += ["Table of Contents", *(f"{number}. {title}" for (number, title), _ in rows)]
    for index, ((number, title), section) in enumerate(rows):
        lines.append(f"{number}. {title}" if "." not in number else f"{number} {title}")
        lines.append("It begins with a sentence of its own.")
        for block in section.blocks:
            lines += _lines(block)
            if random.random() < 0.3:
                lines.append(planted(random, index))
    lines.append("And this is how it ends.")
    return "\n".join(lines), [heading for heading, _ in rows]


def planted(random: Random, index: int) -> str:
    """A line of prose that begins with a number."""
    number = random.choice([index, index + 1, index + 2, random.randint(1, 40), 1987])
    return random.choice([
        f"{number}. Wait for {number} minutes, then look again whether anything has changed.",
        f"{number} people took part in the survey, and most of them said that they would again.",
        f"{number}.5 litres are enough for a week if the days stay cool.",
        f"{number}) is the answer that most readers give; it is wrong.",
        f"{number}.1 was the first version in which this was possible, many years ago.",
    ])  # fmt: skip


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, ListBlock):
        for item in block.items:
            yield "- " + " ".join(word for one in item for word in block_words(one))
    elif words := block_words(block):
        yield " ".join(words)

"""A long section in pieces, cut between blocks; what of it is out, and what remains.

A section is laid out flat as atoms, a block each, with the headings that lead to it. A run of atoms
makes a section again, so that every piece says where it stands, and the pieces together say the
section.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import accumulate

from pipeline.guide.identity import cosmetic
from pipeline.markup import block_words
from pipeline.model import Block, Heading, Lines, Paragraph, Piece, Section


@dataclass(frozen=True, slots=True)
class _Atom:
    """A block below its headings; without a block, a heading that has no text of its own."""

    path: tuple[Section, ...]
    """Outermost first, each bare of blocks and children; the first is the section that is split."""
    block: Block | None

    @property
    def words(self) -> int:
        return len(block_words(self.block)) if self.block is not None else 0

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by in another revision."""
        text = " ".join(block_words(self.block)) if self.block is not None else ""
        return self.path[-1].id, cosmetic(text)

    @property
    def leads(self) -> bool:
        """Whether it belongs to what follows: a heading, or a paragraph that ends in a colon."""
        match self.block:
            case None | Heading():
                return True
            case Paragraph():
                return bool(words := block_words(self.block)) and words[-1].endswith(":")
            case _:
                return False


def split(section: Section, most: int) -> tuple[Section, ...]:
    """The section in as many pieces as parts of `most` words need, about even in length.

    A block is never cut, and what leads to another (a heading, a line that ends in a colon) stays
    with it. A section of which pieces are out (`piece.of` is 0) goes on with the next number.
    """
    out = section.piece.number if section.piece else 0
    atoms = list(_atoms(section))
    total = sum(one.words for one in atoms)
    if (total <= most or not most) and not out:
        return (section,)
    many = max(1, -(-total // most)) if most else 1
    pieces = list(_fill(atoms, total / many))
    last = out + len(pieces)
    return tuple(
        replace(_whole(piece), id=f"{bare(section.id)}#{number}", piece=Piece(number, last))
        for number, piece in enumerate(pieces, start=out + 1)
    )


def _fill(atoms: Sequence[_Atom], target: float) -> Iterator[list[_Atom]]:
    """Atoms in runs of about `target` words, cut where that leaves each nearest to it."""
    run: list[_Atom] = []
    words = done = 0
    pieces = 1
    for atom in atoms:
        size = atom.words
        if done + words + size / 2 > target * pieces:
            cut = len(run)
            while cut and run[cut - 1].leads:  # to this atom, so it goes along
                cut -= 1
            left = sum(one.words for one in run[cut:])
            if words > left:
                yield run[:cut]
                done, words, run = done + words - left, left, run[cut:]
                pieces += 1
        run.append(atom)
        words += size
    if run:
        yield run


def now(section: Section, released: Sequence[Section]) -> tuple[Section, ...]:
    """What the released pieces of a section say now, in order; what follows the last remains.

    The section's atoms are matched with those that went out. An edit belongs to the piece that it
    stands in; what was added behind the last released atom remains, unless that piece was the
    final one.

    Returns:
        The pieces, and behind them the rest as a section that knows how many pieces are out, if
        there is a rest.
    """
    old = [list(_atoms(one)) for one in released]
    atoms = list(_atoms(section))
    ends = _places([one.key for piece in old for one in piece], [one.key for one in atoms])
    cuts = [ends[count] for count in accumulate(len(piece) for piece in old)]
    last = released[-1].piece
    if last is not None and last.number == last.of:
        cuts[-1] = len(atoms)
    begins = [0, *cuts[:-1]]
    pieces = [
        replace(_whole(atoms[begin:end]), id=piece.id, piece=piece.piece) if end > begin else piece
        for begin, end, piece in zip(begins, cuts, released, strict=True)
    ]
    if cuts[-1] < len(atoms):
        rest = _whole(atoms[cuts[-1] :])
        pieces.append(replace(rest, id=section.id, piece=Piece(len(released), 0)))
    return tuple(pieces)


def _places(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> list[int]:
    """For each count of old atoms, how many new ones stand for them."""
    ends = [0] * (len(old) + 1)
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for index in range(i, j):
            step = index - i + 1
            ends[index + 1] = k + step if tag == "equal" else min(m, k + step)
            if tag == "replace" and index == j - 1 and j < len(old):
                ends[index + 1] = m
    return ends


def _atoms(section: Section, above: tuple[Section, ...] = ()) -> Iterator[_Atom]:
    path = (*above, replace(section, id=bare(section.id), blocks=(), children=(), piece=None))
    if not section.blocks:
        yield _Atom(path, None)
    for block in section.blocks:
        yield _Atom(path, block)
    for child in section.children:
        yield from _atoms(child, path)


def _whole(atoms: Sequence[_Atom], depth: int = 0) -> Section:
    """The section that a run of atoms makes, headings repeated where the run begins below them."""
    head = atoms[0].path[depth]
    blocks = tuple(
        one.block for one in atoms if len(one.path) == depth + 1 and one.block is not None
    )
    children: list[list[_Atom]] = []
    for one in atoms:
        if len(one.path) > depth + 1:
            if children and children[-1][0].path[depth + 1].id == one.path[depth + 1].id:
                children[-1].append(one)
            else:
                children.append([one])
    below = tuple(_whole(each, depth + 1) for each in children)
    lines = [block.lines.last for block in blocks] + [child.lines.last for child in below]
    first = min([head.lines.last, *(block.lines.first for block in blocks)])
    span = Lines(min(first, head.lines.first), max([head.lines.first, *lines]))
    return replace(head, blocks=blocks, children=below, lines=span)


def bare(section_id: str) -> str:
    """The id of the section that a piece is of; no minted id holds a `#` inside."""
    return section_id[:1] + section_id[1:].partition("#")[0]

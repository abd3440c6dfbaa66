"""Rows of cells as lines of text: aligned columns, or a line a cell where they cannot fit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from pipeline.markup.wrap import width_of, wrap

GAP = "  "

Row = Sequence[str]


def in_columns(header: Row, rows: Sequence[Row], align: Sequence[str], width: int) -> str:
    """The header over its rows in aligned columns; `align` as in `Table`.

    Cells too long for their column go on below. Where not even the longest words fit side by side
    each row is told by itself, a line a cell, with its name before it.
    """
    count = max(map(len, (header, *rows)))
    filled = [[*row, *[""] * (count - len(row))] for row in (header, *rows)]
    room = width - len(GAP) * (count - 1)
    sizes = _sizes(list(zip(*filled, strict=True)), room)
    if sizes is None:
        return _told(filled[0], filled[1:], width)
    sides = [*align, *[""] * (count - len(align))]
    lines = [_lines(row, sizes, sides) for row in filled]
    rule = GAP.join("-" * size for size in sizes)
    if any(header):
        lines[0].append(rule)
    else:
        lines = lines[1:]
    has_long = any(len(row) > 1 for row in lines[1:])
    return ("\n\n" if has_long else "\n").join("\n".join(row) for row in lines)


def _sizes(columns: Sequence[Row], room: int) -> list[int] | None:
    """The width of each column within the room; None if the longest words do not fit."""
    whole = [max(map(width_of, column)) for column in columns]
    if sum(whole) <= room:
        return whole
    least = [max(_longest_word(cell) for cell in column) for column in columns]
    spare = room - sum(least)
    if spare < 0:
        return None
    wanted = sum(whole) - sum(least)  # more than spare, so nothing is divided by zero
    return [low + (high - low) * spare // wanted for low, high in zip(least, whole, strict=True)]


def _longest_word(cell: str) -> int:
    return max(map(width_of, wrap(cell, 1)), default=0)


def _lines(row: Row, sizes: Sequence[int], sides: Sequence[str]) -> list[str]:
    cells = [wrap(cell, max(size, 1)) for cell, size in zip(row, sizes, strict=True)]
    return [
        GAP.join(map(_padded, line, sizes, sides)).rstrip()
        for line in zip_longest(*cells, fillvalue="")
    ] or [""]


def _padded(text: str, size: int, side: str) -> str:
    free = size - width_of(text)
    left = {"right": free, "center": free // 2}.get(side, 0)
    return " " * left + text + " " * (free - left)


def _told(header: Row, rows: Sequence[Row], width: int) -> str:
    """Each row by itself; a table without rows is its header."""
    records = [list(zip(header, row, strict=True)) for row in rows]
    return "\n\n".join(
        "\n".join(
            line
            for name, cell in record
            for line in wrap(f"{name}: {cell}" if name else cell, width)
        )
        for record in records or [[("", name) for name in header]]
    )

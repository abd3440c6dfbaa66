"""A message cut at the places of a reader's own values, and filled by joining bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

OPENING, CLOSING = "whenpreferences", "endpreferences"
"""Slots without a value: what stands between them is for readers with a page of preferences."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A whole message, head and body, but for what differs from reader to reader."""

    segments: tuple[bytes, ...]
    """In order; empty where a reader's own value goes."""
    slots: tuple[tuple[int, str], ...]
    """Which segments are a reader's own, and the name of the value."""
    optional: tuple[int, ...]
    """The segments that a reader without a page of preferences does not get."""

    def fill(self, values: Mapping[str, bytes], *, whole: bool) -> bytes:
        """The message with the values in their places.

        Args:
            values: The name of a slot -> bytes encoded as their place demands.
            whole: Whether the optional segments are wanted.
        """
        parts = list(self.segments)
        for index, name in self.slots:
            parts[index] = values[name]
        if not whole:
            for index in self.optional:
                parts[index] = b""
        return b"".join(parts)


def skeleton(pieces: Iterable[tuple[str, bytes]]) -> Skeleton:
    """The skeleton of pieces in order, each a slot's name and no bytes or no name and bytes."""
    segments: list[bytes] = []
    slots: list[tuple[int, str]] = []
    optional: list[int] = []
    for (slot, is_optional), group in groupby(_enclosed(pieces), key=lambda each: each[:2]):
        index = len(segments)
        segments.append(b"".join(constant for *_, constant in group))
        if slot:
            slots.append((index, slot))
        if is_optional:
            optional.append(index)
    return Skeleton(tuple(segments), tuple(slots), tuple(optional))


def _enclosed(pieces: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bool, bytes]]:
    """Each piece but the enclosing slots, and whether it stands between them."""
    inside = False
    for slot, constant in pieces:
        name = slot.partition(" ")[0]
        if name in {OPENING, CLOSING}:
            inside = name == OPENING
        else:
            yield slot, inside, constant

"""A page as a bag of terms: how often each of them is in its text, and in its title."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.related.words import DROPPED, terms_of, words

Ids: TypeAlias = NDArray[np.int64]
Counts: TypeAlias = NDArray[np.uint16]

_MOST = np.iinfo(np.uint16).max


@dataclass(frozen=True, slots=True)
class Bag:
    """The terms of a page in rising order of their ids; all three are of one length."""

    terms: Ids
    counts: Counts
    """In the whole text, the title included; at least 1."""
    titles: Counts
    """In the title."""


def count(text: str, title: str, lang: str) -> Bag:
    """The bag of a text that holds its title."""
    terms, counts = np.unique(_ids(text, lang), return_counts=True)
    titles = np.zeros(len(terms), np.uint16)
    in_title, many = np.unique(_ids(title, lang), return_counts=True)
    titles[np.searchsorted(terms, in_title)] = np.minimum(many, _MOST)
    return Bag(terms, np.minimum(counts, _MOST).astype(np.uint16), titles)


def _ids(text: str, lang: str) -> Ids:
    found = words(text.lower())
    ids = np.fromiter(map(terms_of(lang).__getitem__, found), np.int64, len(found))
    kept: Ids = ids[ids != DROPPED]
    return kept


def pack(bag: Bag, lang: str) -> bytes:
    """The bag as bytes that begin with a mark of how words were made into terms."""
    parts = (bag.terms.astype("<i8"), bag.counts.astype("<u2"), bag.titles.astype("<u2"))
    return terms_of(lang).mark + b"".join(part.tobytes() for part in parts)


def unpack(packed: bytes, lang: str) -> Bag | None:
    """The bag that was packed; None if words were made into terms in another way then."""
    mark = terms_of(lang).mark
    size, rest = divmod(len(packed) - len(mark), 12)
    if not packed.startswith(mark) or rest:
        return None
    body = packed[len(mark) :]
    return Bag(
        np.frombuffer(body, "<i8", size),
        np.frombuffer(body, "<u2", size, offset=8 * size),
        np.frombuffer(body, "<u2", size, offset=10 * size),
    )

"""The `fields` ranking: pages as weighted terms, of the whole text and of the title alone.

Terms weigh log-tf x idf. The likeness of two pages is that of their whole texts, and of each one's
title with the other's title and text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.model import language
from pipeline.related.words import DROPPED, Terms, words

WHOLE = 0.65
TITLES = 0.35 / 3
"""Each of title with title, title with text, text with title."""

Numbers: TypeAlias = NDArray[np.int32]
Weights: TypeAlias = NDArray[np.float32]
Matrix: TypeAlias = sparse.csr_array[np.float32, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A page that may be linked to: an issue that is out, in its own words."""

    id: str
    path: str
    """Below the base URL; its last segment begins with the issue's number."""
    guide: str
    guide_title: str
    title: str
    lang: str
    headings: str
    body: str
    url: str = ""
    """Absolute, for a page that lies elsewhere; then `path` is empty."""

    @property
    def address(self) -> str:
        """Where a link to it leads."""
        return self.path or self.url

    @property
    def text(self) -> str:
        """All its words."""
        return f"{self.body} {self.title} {self.headings}"


Ranker: TypeAlias = Callable[[Candidate, Sequence[Candidate]], Sequence[float]]
"""Says how much each of these pages, all of one language, is like the first: 0 to 1, in order."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A page's terms in rising order, their weights in the whole text and in the title."""

    terms: Numbers
    whole: Weights
    title: Weights


@dataclass(frozen=True, slots=True)
class Shelf:
    """The pages of one language, with all that is computed once."""

    pages: tuple[Candidate, ...]
    terms: Terms
    whole: Matrix
    """A row a page, of length one."""
    title: Matrix
    postings: Matrix
    """A row a term, for whole texts and then again for titles; a column a page."""
    rarity: tuple[Weights, Weights]
    """The idf of each term among whole texts and among titles."""
    places: Mapping[str, int]
    """The row of each page by its id."""
    order: Numbers
    """The place of each page in the order of their addresses, which breaks ties."""

    def vector(self, page: Candidate) -> Vector:
        """A page's weighted terms; computed anew unless this very page stands here."""
        row = self.places.get(page.id)
        if row is None or self.pages[row] != page:
            return self._strange(page)
        terms, whole = _row(self.whole, row)
        return Vector(terms, whole, _on(terms, *_row(self.title, row)))

    def _strange(self, page: Candidate) -> Vector:
        """The weights of a page that is not here; words that nobody else has only lengthen it."""
        found = [
            self._weigh(tuple(self.terms.look_up(words(text))), rarity)
            for text, rarity in zip((page.text, page.title), self.rarity, strict=True)
        ]
        (terms, whole), title = found
        return Vector(terms, whole, _on(terms, *title))

    def _weigh(self, text: tuple[int | str, ...], rarity: Weights) -> tuple[Numbers, Weights]:
        known = [term for term in text if isinstance(term, int) and term != DROPPED]
        strangers = [term for term in text if isinstance(term, str)]
        terms, counts = np.unique(np.array(known, np.int32), return_counts=True)
        weights = (1 + np.log(counts)) * rarity[terms]
        _, alone = np.unique(np.array(strangers, str), return_counts=True)
        lonely = (1 + np.log(alone)) * _rarity(np.zeros(1), len(self.pages))[0]
        length = np.sqrt((weights**2).sum() + (lonely**2).sum()) or 1
        return terms, (weights / length).astype(np.float32)

    def scores(self, query: Vector) -> Weights:
        """How much each page is like the query, from 0 to 1."""
        weights = np.concatenate(_pull(query))
        rows = np.concatenate((query.terms, query.terms + self.terms.size))
        used = weights > 0
        return _rounded(self.postings[rows[used]].T @ weights[used])

    def shared(self, query: Vector, row: int, most: int) -> list[int]:
        """The terms that the query shares with a page, at most so many, the weightiest first."""
        pull, title_pull = _pull(query)
        share = pull * _on(query.terms, *_row(self.whole, row))
        share += title_pull * _on(query.terms, *_row(self.title, row))
        best = np.argsort(-share, kind="stable")[:most]
        return [int(query.terms[at]) for at in best if share[at] > 0]

    def likeness(self, texts: Matrix, row: int) -> Weights:
        """The cosines of whole texts, rows of `whole`, with that of one page."""
        one = np.zeros(self.terms.size, np.float32)
        terms, weights = _row(self.whole, row)
        one[terms] = weights
        return _rounded(texts @ one)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All pages that may be linked to, by language."""

    shelves: Mapping[str, Shelf]

    def shelf(self, lang: str) -> Shelf | None:
        """The pages in a language, whichever variety of it; None when there are none."""
        return self.shelves.get(language(lang))


def build(pages: Iterable[Candidate], lang: str) -> Shelf:
    """A shelf of the pages of one language."""
    kept = tuple(pages)
    terms = Terms(lang)
    titles = [_numbers(page.title, terms) for page in kept]
    whole = [_numbers(page.text, terms) for page in kept]
    whole_rows, whole_rarity = _weighted(whole, terms.size)
    title_rows, title_rarity = _weighted(titles, terms.size)
    by_address = sorted(range(len(kept)), key=lambda at: (kept[at].address, kept[at].id))
    order = np.empty(len(kept), np.int32)
    order[by_address] = np.arange(len(kept), dtype=np.int32)
    return Shelf(
        pages=kept,
        terms=terms,
        whole=whole_rows,
        title=title_rows,
        postings=sparse.hstack((whole_rows, title_rows), format="csc").T,
        rarity=(whole_rarity, title_rarity),
        places={page.id: at for at, page in enumerate(kept)},
        order=order,
    )


def _numbers(text: str, terms: Terms) -> Numbers:
    found = words(text.lower())
    numbers = np.fromiter(map(terms.__getitem__, found), np.int32, len(found))
    kept: Numbers = numbers[numbers != DROPPED]
    return kept


def _weighted(texts: list[Numbers], width: int) -> tuple[Matrix, Weights]:
    """A row a text, each term log-tf x idf and each row of length one; and the idf of each term."""
    heights = [len(text) for text in texts]
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), heights)
    columns = np.concatenate(texts) if texts else np.empty(0, np.int32)
    ones = np.ones(len(columns), np.float32)
    counts = sparse.coo_array((ones, (rows, columns)), shape=(len(texts), width)).tocsr()
    counts.sort_indices()
    rarity = _rarity(np.bincount(counts.indices, minlength=width), len(texts))
    weights = (1 + np.log(counts.data)) * rarity[counts.indices]
    owners = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
    lengths = np.sqrt(np.bincount(owners, weights=weights**2, minlength=len(texts)))
    counts.data = (weights / lengths[owners]).astype(np.float32)
    return counts, rarity


def _rarity(documents: NDArray[np.integer] | NDArray[np.floating], total: int) -> Weights:
    """The idf of terms that so many of all documents have; smoothed, at least 1."""
    found: Weights = (np.log((1 + total) / (1 + documents)) + 1).astype(np.float32)
    return found


def _rounded(cosines: Weights) -> Weights:
    """Without the last bits, which depend on the order that pages came in."""
    rounded: Weights = np.round(cosines, 6)
    return rounded


def _row(matrix: Matrix, row: int) -> tuple[Numbers, Weights]:
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[part], matrix.data[part]


def _on(terms: Numbers, others: Numbers, weights: Weights) -> Weights:
    """Weights brought onto `terms`: 0 for a term that has none; both in rising order."""
    found = np.zeros(len(terms), np.float32)
    _, here, there = np.intersect1d(terms, others, assume_unique=True, return_indices=True)
    found[here] = weights[there]
    return found


def _pull(query: Vector) -> tuple[Weights, Weights]:
    """What each term of the query adds per unit of weight in a whole text, and in a title.

    The four cosines, WHOLE w.W + TITLES (t.W + t.T + w.T), are (WHOLE w + TITLES t).W +
    TITLES (t + w).T: two products instead of four.
    """
    whole = np.float32(WHOLE) * query.whole + np.float32(TITLES) * query.title
    return whole, np.float32(TITLES) * (query.title + query.whole)

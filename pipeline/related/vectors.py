"""The `fields` ranking: pages as weighted terms, in three readings.

Terms weigh log-tf x idf in the whole text and in the title alone; the likeness of two pages is that
of their whole texts, and of each one's title with the other's title and text (four cosines). To it
comes BM25, as a share of what the page would score for itself: it sees that a word is there rather
than how much of the text it is, which tells pages apart that all speak alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from scipy import sparse

from pipeline.model import language
from pipeline.related.bags import Bag, Ids, count, pack, unpack
from pipeline.related.weights import (
    Cells,
    Matrix,
    Numbers,
    Weights,
    bm25_idf,
    idf,
    joined,
    log,
    saturated,
    unit,
)

BEST_MATCH = 0.2
"""The share of BM25; measured in docs/decisions/0012."""
WHOLE = 0.65 * (1 - BEST_MATCH)
TITLES = 0.35 / 3 * (1 - BEST_MATCH)
"""Each of title with title, title with text, text with title."""

TITLE_COUNTS = 3
"""A word of the title counts as so many for BM25."""

HEAVIEST = 100
"""Terms of a page that it is compared by."""


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
    packed: bytes = b""
    """Its terms as `counted` put them here, which saves taking its words apart again."""

    @property
    def address(self) -> str:
        """Where a link to it leads."""
        return self.path or self.url

    @property
    def text(self) -> str:
        """All its words."""
        return f"{self.body} {self.title} {self.headings}"

    @property
    def bag(self) -> Bag:
        """Its terms with their counts."""
        known = unpack(self.packed, self.lang) if self.packed else None
        return known or count(self.text, self.title, self.lang)

    @property
    def is_counted(self) -> bool:
        """Whether `packed` holds its terms as they would be counted today."""
        return bool(self.packed) and unpack(self.packed, self.lang) is not None

    def counted(self) -> Candidate:
        """The same page with its terms in `packed`."""
        return self if self.is_counted else replace(self, packed=pack(self.bag, self.lang))


Ranker: TypeAlias = Callable[[Candidate, Sequence[Candidate]], Sequence[float]]
"""Says how much each of these pages, all of one language, is like the first: 0 to 1, in order."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A page's weightiest terms as columns of a shelf, and what they weigh in each reading."""

    terms: Numbers
    whole: Weights
    title: Weights
    best: Weights
    """What the term adds to BM25, by the page's own BM25."""


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare each term of a shelf is; at the end, one that no page there has."""

    whole: Weights
    title: Weights
    best: Weights


@dataclass(frozen=True, slots=True)
class Shelf:
    """The pages of one language, with all that is computed once."""

    pages: tuple[Candidate, ...]
    terms: Ids
    """In rising order; the place of a term is its column."""
    whole: Matrix
    """A row a page, of length one."""
    title: Matrix
    postings: Matrix
    """A row a term, for whole texts, then for titles, then for BM25; a column a page."""
    rarity: Rarity
    length: float
    """The mean number of words that BM25 counts."""
    order: Numbers
    """The place of each page in the order of their addresses, which breaks ties."""

    def vector(self, page: Candidate) -> Vector:
        """A page's weighted terms, whether it stands here or not.

        Words that no page here has cannot match, but they lengthen it.
        """
        bag = page.bag
        at = np.searchsorted(self.terms, bag.terms)
        known = at < len(self.terms)
        known[known] = self.terms[at[known]] == bag.terms[known]
        at[~known] = -1
        rare = self.rarity
        whole = unit(log(bag.counts) * rare.whole[at])
        title = unit(log(bag.titles) * rare.title[at])
        counts = bag.counts + np.float32(TITLE_COUNTS - 1) * bag.titles
        own = log(counts)
        mine = own * saturated(counts, counts.sum(), self.length) * rare.best[at]
        heavy = np.argsort(-(WHOLE * whole + TITLES * title), kind="stable")[:HEAVIEST]
        best = own / (mine[heavy].sum() or 1)
        kept = heavy[known[heavy]]
        return Vector(at[kept].astype(np.int32), whole[kept], title[kept], best[kept])

    def scores(self, query: Vector) -> Weights:
        """How much each page is like the query, from 0 to 1.

        The four cosines, WHOLE w.W + TITLES (t.W + t.T + w.T), are (WHOLE w + TITLES t).W +
        TITLES (t + w).T: with BM25 three products instead of five.
        """
        weights = np.concatenate((*_pull(query), np.float32(BEST_MATCH) * query.best))
        width = len(self.terms)
        rows = np.concatenate((query.terms, query.terms + width, query.terms + 2 * width))
        used = weights > 0
        return _rounded(self.postings[rows[used]].T @ weights[used])

    def shared(self, query: Vector, row: int, most: int) -> list[int]:
        """The columns of terms that the query shares with a page, the weightiest first.

        Args:
            query: As `vector` gave it.
            row: Of the page.
            most: How many at most.
        """
        pull, title_pull = _pull(query)
        share = pull * _on(query.terms, *_row(self.whole, row))
        share += title_pull * _on(query.terms, *_row(self.title, row))
        best = np.argsort(-share, kind="stable")[:most]
        return [int(query.terms[at]) for at in best if share[at] > 0]

    def likeness(self, texts: Matrix, row: int) -> Weights:
        """The cosines of whole texts, rows of `whole`, with that of one page."""
        one = np.zeros(len(self.terms), np.float32)
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


def build(pages: Iterable[Candidate]) -> Shelf:
    """A shelf of the pages of one language."""
    kept = tuple(pages)
    bags = [page.bag for page in kept]
    terms, columns = np.unique(joined([bag.terms for bag in bags], np.int64), return_inverse=True)
    counts = joined([bag.counts for bag in bags], np.float32)
    titles = joined([bag.titles for bag in bags], np.float32)
    owners = np.repeat(np.arange(len(bags)), [len(bag.terms) for bag in bags])
    cells = Cells(columns.astype(np.int32), owners, (len(kept), len(terms)))
    title_cells = cells.where(titles > 0)
    in_texts, in_titles = np.append(cells.documents(), 0), np.append(title_cells.documents(), 0)
    rarity = Rarity(
        idf(in_texts, len(kept)), idf(in_titles, len(kept)), bm25_idf(in_texts, len(kept))
    )
    whole = cells.matrix(log(counts) * rarity.whole[cells.columns], scaled=True)
    title = title_cells.matrix(
        log(titles[titles > 0]) * rarity.title[title_cells.columns], scaled=True
    )
    counts += (TITLE_COUNTS - 1) * titles
    lengths = np.bincount(owners, weights=counts, minlength=len(kept))
    length = float(lengths.mean()) if kept else 0.0
    best = saturated(counts, lengths[owners], length) * rarity.best[cells.columns]
    order = np.empty(len(kept), np.int32)
    order[sorted(range(len(kept)), key=lambda at: (kept[at].address, kept[at].id))] = np.arange(
        len(kept)
    )
    return Shelf(
        pages=kept,
        terms=terms,
        whole=whole,
        title=title,
        postings=sparse.hstack((whole, title, cells.matrix(best)), format="csc").T,
        rarity=rarity,
        length=length,
        order=order,
    )


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
    """What each term of the query adds per unit of weight in a whole text, and in a title."""
    whole = np.float32(WHOLE) * query.whole + np.float32(TITLES) * query.title
    return whole, np.float32(TITLES) * (query.title + query.whole)

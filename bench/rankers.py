"""Ways to say which pages are like a page: ours, and those of others."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bench.labelled import LabelledPage
from pipeline.related import Candidate
from pipeline.related.vectors import TITLES, WHOLE, build
from pipeline.related.words import DROPPED, terms_of, words

Scores: TypeAlias = NDArray[Any]
Ranker: TypeAlias = Callable[[int], Scores]
"""The scores of all pages for the page in this place."""

HEAVIEST = 25
"""Terms of a query."""


def candidates(pages: Sequence[LabelledPage]) -> list[Candidate]:
    """The pages as the product knows them."""
    return [
        Candidate(
            id=one.name, path=f"{one.name}/1/", guide=one.name, guide_title=one.name,
            title=one.title, lang="en", headings=one.headings, body=one.body,
        )
        for one in pages
    ]  # fmt: skip


def ours(pages: Sequence[LabelledPage]) -> Ranker:
    """What the product does."""
    shelf = build(candidates(pages))
    return lambda at: shelf.scores(shelf.vector(shelf.pages[at]))


def cosines(pages: Sequence[LabelledPage]) -> Ranker:
    """Ours without BM25: the four cosines, over all terms."""
    shelf = build(candidates(pages))

    def scores(at: int) -> Scores:
        whole, title = shelf.whole[[at]].T, shelf.title[[at]].T
        titles = shelf.title @ title + shelf.whole @ title + shelf.title @ whole
        both = WHOLE * (shelf.whole @ whole) + TITLES * titles
        return np.asarray(both.todense()).ravel()

    return scores


def tags_and_date(pages: Sequence[LabelledPage]) -> Ranker:
    """As Hugo does it: how many tags are shared; of equals the later ones come first."""
    sets = [frozenset(one.tags) for one in pages]
    order = np.arange(len(pages)) / len(pages)
    return lambda at: np.array([len(sets[at] & one) for one in sets]) + order


def scikit_learn(pages: Sequence[LabelledPage]) -> Ranker:
    """TfidfVectorizer as it comes, with English stop words, and the cosine."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [f"{one.title} {one.headings} {one.body}" for one in pages]
    matrix = TfidfVectorizer(stop_words="english").fit_transform(texts)
    return lambda at: np.asarray((matrix @ matrix[[at]].T).todense()).ravel()


def sqlite_fts5(pages: Sequence[LabelledPage]) -> Ranker:
    """FTS5 with its Porter stemmer; the query is the page's heaviest terms, joined by OR."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE page USING fts5(title, body, tokenize='porter')")
    rows = [(n, one.title, f"{one.headings} {one.body}") for n, one in enumerate(pages)]
    base.executemany("INSERT INTO page(rowid, title, body) VALUES (?, ?, ?)", rows)
    found = [re.findall(r"[a-z]{3,}", f"{one.title} {one.body}".lower()) for one in pages]
    spread = Counter(word for text in found for word in set(text))

    def scores(at: int) -> Scores:
        counts = Counter(found[at])
        heavy = sorted(
            counts, key=lambda one: -(1 + np.log(counts[one])) * np.log(len(pages) / spread[one])
        )[:HEAVIEST]
        result = np.zeros(len(pages))
        query = " OR ".join(f'"{one}"' for one in heavy)
        for row, rank in base.execute(
            "SELECT rowid, bm25(page) FROM page WHERE page MATCH ?", (query or '"x"',)
        ):
            result[row] = -rank
        return result

    return scores


def bm25(pages: Sequence[LabelledPage]) -> Ranker:
    """BM25 (k1 1.2, b .75) over our stems; the query is the page's heaviest terms."""
    terms = terms_of("en")
    ids = [
        [number for word in words(f"{one.body} {one.title} {one.headings}".lower())
         if (number := terms[word]) != DROPPED]
        for one in pages
    ]  # fmt: skip
    known, columns = np.unique(np.concatenate(ids), return_inverse=True)
    rows = np.repeat(np.arange(len(ids)), [len(one) for one in ids])
    shape = (len(ids), known.size)
    counts = sparse.coo_array((np.ones(len(columns)), (rows, columns)), shape=shape).tocsr()
    spread = np.bincount(counts.indices, minlength=known.size)
    rarity = np.log(1 + (len(ids) - spread + 0.5) / (spread + 0.5))
    lengths = np.array([len(one) for one in ids])
    k = 1.2 * (0.25 + 0.75 * lengths / lengths.mean())
    weights = counts.copy()
    weights.data = counts.data * 2.2 / (counts.data + np.repeat(k, np.diff(counts.indptr)))
    weights.data *= rarity[weights.indices]
    columnwise = weights.tocsc()

    def scores(at: int) -> Scores:
        mine = slice(counts.indptr[at], counts.indptr[at + 1])
        own, many = counts.indices[mine], counts.data[mine]
        heavy = own[np.argsort(-(1 + np.log(many)) * rarity[own], kind="stable")[:HEAVIEST]]
        return np.asarray(columnwise[:, heavy].sum(axis=1)).ravel()

    return scores

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
from pipeline.related.vectors import Shelf, build
from pipeline.related.words import DROPPED, Terms, words

Scores: TypeAlias = NDArray[Any]
Ranker: TypeAlias = Callable[[int], Scores]
"""The scores of all pages for the page in this place."""

HEAVIEST = 25
"""Terms of a query."""


def shelf_of(pages: Sequence[LabelledPage]) -> Shelf:
    """The pages as the product keeps them."""
    return build(
        (
            Candidate(
                id=one.name, path=f"{one.name}/1/", guide=one.name, guide_title=one.name,
                title=one.title, lang="en", headings=one.headings, body=one.body,
            )
            for one in pages
        ),
        "en",
    )  # fmt: skip


def fields(pages: Sequence[LabelledPage]) -> Ranker:
    """Ours."""
    shelf = shelf_of(pages)
    return lambda at: shelf.scores(shelf.vector(shelf.pages[at]))


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
    terms = Terms("en")
    found = [
        [number for word in words(f"{one.body} {one.title} {one.headings}".lower())
         if (number := terms[word]) != DROPPED]
        for one in pages
    ]  # fmt: skip
    rows = np.repeat(np.arange(len(found)), [len(one) for one in found])
    columns = np.concatenate([np.array(one, np.int64) for one in found])
    shape = (len(found), terms.size)
    counts = sparse.coo_array((np.ones(len(columns)), (rows, columns)), shape=shape).tocsr()
    spread = np.bincount(counts.indices, minlength=terms.size)
    rarity = np.log(1 + (len(found) - spread + 0.5) / (spread + 0.5))
    lengths = np.array([len(one) for one in found])
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


def combined(one: Ranker, other: Ranker, share: float) -> Ranker:
    """The sum of two rankings, each brought to mean 0 and spread 1 for the query."""

    def scores(at: int) -> Scores:
        first, second = one(at), other(at)
        both: Scores = (1 - share) * _standard(first, at) + share * _standard(second, at)
        return both

    return scores


def _standard(scores: Scores, at: int) -> Scores:
    others = np.delete(scores, at)
    standard: Scores = (scores - others.mean()) / (others.std() or 1)
    return standard

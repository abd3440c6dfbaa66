"""Which of the pages that are alike are shown: pins, gates, and no two that say the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.errors import RankerError
from pipeline.model import RelatedLink, language
from pipeline.related.address import Linked, page_of
from pipeline.related.vectors import Candidate, Catalogue, Ranker, Shelf, Vector, build
from pipeline.related.weights import Weights
from pipeline.related.words import is_readable, terms_of, words

LEAST = 0.10
"""The score below which nothing is shown."""

VARIETY = 0.7
"""The weight of likeness to the issue against unlikeness to what is chosen already (MMR)."""

ALIKE = 0.8
"""The cosine above which two pages count as the same."""

POOL = 50
"""How many of the best are looked at."""

DIGITS = 4
"""Of a score as it is shown and kept."""

TOLD = 10
"""How many pages an explanation tells of."""

TERMS = 5
"""How many shared words a link carries."""


def catalogue(candidates: Iterable[Candidate]) -> Catalogue:
    """The pages that may be linked to, with vectors built once; of two with one id, the later."""
    by_id = {one.id: one for one in candidates}
    by_lang: dict[str, list[Candidate]] = {}
    for one in by_id.values():
        by_lang.setdefault(language(one.lang), []).append(one)
    return Catalogue({lang: build(pages) for lang, pages in by_lang.items()})


def choose(
    query: Candidate,
    catalogue: Catalogue,
    *,
    pins: Sequence[str] = (),
    exclude_urls: Collection[str] = (),
    limit: int = 3,
    ranker: Ranker | None = None,
) -> tuple[RelatedLink, ...]:
    """What a reader of `query` might also like: pins first, then the best; maybe nothing.

    Never the page itself, its own guide, another language, what its body links to, or a page
    without a title or an address.

    Args:
        query: The page that the links are for; it need not be in the catalogue.
        catalogue: All that may be linked to.
        pins: What its writer wants linked: a guide, `guide/number`, or an absolute URL.
        exclude_urls: The addresses that its body links to.
        limit: The most links to return.
        ranker: Scores pages in place of ours; all gates hold for it as well.
    """
    shelf = catalogue.shelf(query.lang)
    if shelf is None:
        shelf = build(())
    desk = _Desk(query, shelf, Linked(exclude_urls), ranker)
    for pin in pins:
        desk.pin(pin)
    desk.fill(limit)
    return desk.links(limit)


@dataclass(frozen=True, slots=True)
class Considered:
    """A page that was looked at: its score, the words behind it, and why it is not shown."""

    page: Candidate
    score: float
    terms: tuple[str, ...]
    gate: str
    """Empty if it was chosen."""


def explain(
    query: Candidate,
    catalogue: Catalogue,
    *,
    pins: Sequence[str] = (),
    exclude_urls: Collection[str] = (),
    limit: int = 3,
    ranker: Ranker | None = None,
) -> tuple[Considered, ...]:
    """The pages most like a query, best first, each with what became of it; as `choose` decides.

    Args:
        query: See `choose`.
        catalogue: See `choose`.
        pins: See `choose`.
        exclude_urls: See `choose`.
        limit: See `choose`.
        ranker: See `choose`.
    """
    shelf = catalogue.shelf(query.lang)
    if shelf is None:
        return ()
    before = _Desk(query, shelf, Linked(exclude_urls), ranker)
    desk = _Desk(query, shelf, Linked(exclude_urls), ranker)
    for pin in pins:
        desk.pin(pin)
    desk.fill(limit)
    ranked = np.lexsort((shelf.order, -desk.scores))[: TOLD + 1].tolist()
    rows = [row for row in ranked if shelf.pages[row].id != query.id][:TOLD]
    chosen = [one.row for one in desk.chosen[:limit] if one.row is not None]
    rows += [row for row in chosen if row not in rows]
    shared = {row: shelf.shared(desk.vector, row, TERMS) for row in rows}
    written = desk.written({term for terms in shared.values() for term in terms})
    return tuple(
        Considered(
            shelf.pages[row],
            round(float(desk.scores[row]), DIGITS),
            tuple(filter(is_readable, (written[term] for term in shared[row]))),
            "" if row in chosen else before.gate(row) or desk.gate_among(row, chosen),
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """A link that is to be shown."""

    title: str
    address: str
    row: int | None
    """The page that it stands for; None for one of another site."""
    pinned: bool


@dataclass(slots=True)
class _Desk:
    """One choosing under way."""

    query: Candidate
    shelf: Shelf
    linked: Linked
    ranker: Ranker | None
    chosen: list[_Choice] = field(default_factory=list)
    guides: set[str] = field(default_factory=set)
    """Guides that nothing more is chosen from."""
    vector: Vector = field(init=False)
    scores: Weights = field(init=False)

    def __post_init__(self) -> None:
        self.vector = self.shelf.vector(self.query)
        self.scores = self._scores()
        self.guides.add(self.query.guide)

    def _scores(self) -> Weights:
        if self.ranker is None:
            return self.shelf.scores(self.vector)
        given = np.asarray(self.ranker(self.query, self.shelf.pages), np.float32)
        if given.shape != (len(self.shelf.pages),) or not np.isfinite(given).all():
            raise RankerError(len(self.shelf.pages), given.shape)
        clipped: Weights = np.clip(given, 0, 1)
        return clipped

    def pin(self, pin: str) -> None:
        """Take what a pin names, if it is there and may be linked."""
        if pin.startswith(("http://", "https://")):
            self._pin_url(pin)
            return
        guide, _, number = pin.strip("/").partition("/")
        rows = [row for row, page in enumerate(self.shelf.pages) if page.guide == guide]
        rows = [row for row in rows if self._may(row)]
        if number:
            for row in rows:
                if _number(self.shelf.pages[row]) == number:
                    self._take(row, pinned=True)
        elif rows and not self.linked.has(f"{guide}/"):
            best = max(rows, key=lambda row: (self.scores[row], -self.shelf.order[row]))
            title = self.shelf.pages[best].guide_title
            self.chosen.append(_Choice(title, f"{guide}/", best, pinned=True))
            self.guides.add(guide)

    def _pin_url(self, url: str) -> None:
        """Take a page of ours that lies there, or else the address itself, named by itself."""
        there = Linked([url])
        for row, page in enumerate(self.shelf.pages):
            if there.has(page.address):
                if self._may(row):
                    self._take(row, pinned=True)
                return
        host, path = page_of(url)
        before = Linked(one.address for one in self.chosen if one.row is None)
        if host and not self.linked.has(url) and not before.has(url):
            self.chosen.append(_Choice(f"{host}/{path}".rstrip("/"), url, None, pinned=True))

    def fill(self, limit: int) -> None:
        """Take the best that are left until there are enough or none is good enough.

        Maximal marginal relevance: what is like the issue and unlike what is taken.
        """
        pool = list(self._pool())
        texts = self.shelf.whole[pool]
        nearest = np.zeros(len(pool), np.float32)
        for row in (one.row for one in self.chosen if one.row is not None):
            nearest = np.maximum(nearest, self.shelf.likeness(texts, row))
        while len(self.chosen) < limit:
            worth = VARIETY * self.scores[pool] - (1 - VARIETY) * nearest
            worth[nearest > ALIKE] = -np.inf
            if not len(worth) or worth.max() == -np.inf:
                return
            at = int(worth.argmax())  # the first of equals
            self._take(pool[at])
            nearest = np.maximum(nearest, self.shelf.likeness(texts, pool[at]))
            nearest[at] = np.inf

    def _pool(self) -> Iterator[int]:
        """The best pages that may be chosen, best first, each address once."""
        seen: set[str] = set()
        for row in self._ranked():
            address = self.shelf.pages[row].address
            if address not in seen and self._may(row):
                seen.add(address)
                yield row
                if len(seen) == POOL:
                    return

    def _ranked(self) -> Iterator[int]:
        """The pages that are good enough, best first; as many are put in order as are asked for."""
        rows, many = np.flatnonzero(self.scores >= LEAST), 2 * POOL
        while len(rows):
            cut = 0.0
            if len(rows) > many:
                cut = float(np.partition(self.scores[rows], -many)[-many])
            best = rows[self.scores[rows] >= cut]
            yield from best[np.lexsort((self.shelf.order[best], -self.scores[best]))].tolist()
            rows = rows[self.scores[rows] < cut]
            many *= 4

    def _may(self, row: int) -> bool:
        return not self.gate(row)

    def gate(self, row: int) -> str:
        """Why a page may not be led to, as a pin neither; empty if it may."""
        page = self.shelf.pages[row]
        if page.id == self.query.id or page.address == self.query.address:
            return "the part itself"
        if page.guide in self.guides:
            return "of the same guide" if page.guide == self.query.guide else "its guide is pinned"
        if not (page.title.strip() and page.address.strip("/ ")):
            return "without a title or an address"
        if self.linked.has(page.address):
            return "linked in the text already"
        if any(one.address == page.address for one in self.chosen):
            return "chosen already"
        return ""

    def gate_among(self, row: int, chosen: Sequence[int]) -> str:
        """Why a page that may be led to was not chosen beside these."""
        if self.scores[row] < LEAST:
            return f"score below {LEAST:.2f}"
        texts = self.shelf.whole[[row]]
        for other in chosen:
            if self.shelf.likeness(texts, other)[0] > ALIKE:
                return f"says nearly the same as {self.shelf.pages[other].title}"
        return "others are better, or more different from each other"

    def _take(self, row: int, *, pinned: bool = False) -> None:
        page = self.shelf.pages[row]
        self.chosen.append(_Choice(page.title, page.address, row, pinned))

    def links(self, limit: int) -> tuple[RelatedLink, ...]:
        """What was chosen, each with its score and the words that weighed most."""
        chosen = self.chosen[:limit]
        shared = [
            self.shelf.shared(self.vector, one.row, TERMS) if one.row is not None else []
            for one in chosen
        ]
        written = self.written({term for terms in shared for term in terms})
        return tuple(
            self._link(one, tuple(filter(is_readable, (written[term] for term in terms))))
            for one, terms in zip(chosen, shared, strict=True)
        )

    def _link(self, one: _Choice, terms: tuple[str, ...]) -> RelatedLink:
        if one.row is None:
            return RelatedLink(one.title, one.address, "", 0.0, pinned=one.pinned)
        score = round(float(self.scores[one.row]), DIGITS)
        guide_title = self.shelf.pages[one.row].guide_title
        return RelatedLink(one.title, one.address, guide_title, score, terms, one.pinned)

    def written(self, wanted: Collection[int]) -> dict[int, str]:
        """How the issue writes these terms: most often, in small letters if it ever does."""
        ids = {int(self.shelf.terms[column]): column for column in wanted}
        terms = terms_of(self.query.lang)
        counts = Counter(
            (ids[term], word)
            for word in words(self.query.text)
            if (term := terms[word.lower()]) in ids
        )
        ranked = sorted(counts, key=lambda one: (one[1] == one[1].lower(), counts[one], one[1]))
        return dict(ranked)  # the last of each term stays


def _number(page: Candidate) -> str:
    """The number of the issue, as its path gives it."""
    found = re.match(r"\d+", page.path.strip("/").rpartition("/")[2])
    return found[0] if found else ""

"""Which section of today is which of yesterday: the surest evidence first, never a coin toss."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from pipeline.guide.ids_file import KnownSection
from pipeline.guide.likeness import ALIKE, alike, read_sketch

MARGIN = 0.1
"""How much more alike the best candidate must be than the next, to be taken without asking."""

HINT = 0.3
"""A likeness of text or title that does not decide, but backs up the place between neighbours."""

COMMON = 64
"""A word that more sections than this have says nothing about which of them it is."""

_Key = Callable[[KnownSection], Hashable]

KEYS: tuple[_Key, ...] = (
    lambda one: one.explicit,
    lambda one: (one.content_hash, one.title, one.parents) if one.content_hash else "",
    lambda one: one.content_hash,
)
"""What decides alone, the surest first; an empty key decides nothing."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A section that may be one of these that readers know, or a new one."""

    place: int
    candidates: tuple[KnownSection, ...]
    """The likeliest first."""


@dataclass(slots=True)
class Matching:
    """Sections as seen, by place in reading order, against those known.

    `found` is what was recognised, `doubts` what only the writer can say.
    """

    seen: Sequence[KnownSection]
    known: Sequence[KnownSection]
    out: Callable[[KnownSection], bool]
    """Whether readers have it already: only then does a wrong guess harm anybody."""
    found: dict[int, KnownSection] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _pairs: dict[int, dict[int, float]] = field(default_factory=dict)
    """The likeness of a place to each known section (by index) that it shares words with."""
    _order: list[int] = field(init=False)
    """The known sections that are not gone, by index, in reading order."""
    _at: dict[str, int] = field(init=False)
    """The place of each id in that order."""

    def __post_init__(self) -> None:
        self._order = [n for n, one in enumerate(self.known) if not one.gone]
        self._at = {self.known[n].id: index for index, n in enumerate(self._order)}

    def run(self) -> None:
        """Recognise what can be: by key, title, likeness, neighbours; then what came back."""
        if not self.known:
            return
        for key in KEYS:
            self._by_key(key, [one for one in self.known if not one.gone])
        self._compare()
        self._by_title()
        self._by_likeness()
        self._by_neighbours()
        for key in KEYS[:2]:  # the very same section is back: its tombstone comes to life
            self._by_key(key, [one for one in self.known if one.gone])

    def _take(self, place: int, one: KnownSection) -> None:
        self.found[place] = one
        self._taken.add(one.id)

    def _free(self, among: Collection[KnownSection]) -> list[KnownSection]:
        return [one for one in among if one.id not in self._taken]

    def _open(self) -> list[int]:
        return [place for place in range(len(self.seen)) if place not in self.found]

    def _may(self, place: int, one: KnownSection) -> bool:
        """Whether the writer has not named them differently."""
        mine = self.seen[place].explicit
        return not (mine and one.explicit and mine != one.explicit)

    def _by_key(self, key: _Key, among: Collection[KnownSection]) -> None:
        """Match what shares a key; of several with one key, in their order."""
        waiting: dict[Hashable, list[KnownSection]] = {}
        for one in self._free(among):
            waiting.setdefault(key(one), []).append(one)
        for place in self._open():
            mine = key(self.seen[place])
            fitting = waiting.get(mine, []) if mine != "" else []
            chosen = next((one for one in fitting if self._may(place, one)), None)
            if chosen is not None:
                fitting.remove(chosen)
                self._take(place, chosen)

    def _compare(self) -> None:
        """Fill the likeness of what is still open; only what shares rare words is compared."""
        free = {n for n, one in enumerate(self.known) if not one.gone} - {
            n for n, one in enumerate(self.known) if one.id in self._taken
        }
        theirs = {n: read_sketch(self.known[n].words) for n in free}
        if not theirs:
            return
        having: dict[int, list[int]] = {}
        for n, words in theirs.items():
            for word in words:
                having.setdefault(word, []).append(n)
        for place in self._open():
            mine = read_sketch(self.seen[place].words)
            near = {
                n for word in mine if len(owners := having.get(word, ())) <= COMMON for n in owners
            }
            self._pairs[place] = {
                n: alike(mine, theirs[n]) for n in near if self._may(place, self.known[n])
            }

    def _candidates(self, place: int, least: float) -> list[tuple[float, int]]:
        pairs = self._pairs.get(place, {})
        return sorted(
            (
                (score, n)
                for n, score in pairs.items()
                if score >= least and self.known[n].id not in self._taken
            ),
            key=lambda pair: (-pair[0], pair[1]),
        )

    def _by_title(self) -> None:
        """The same title below the same titles, unless the text says that it is another's."""
        waiting: dict[Hashable, list[int]] = {}
        for n, one in enumerate(self.known):
            if not one.gone and one.id not in self._taken:
                waiting.setdefault((one.title, one.parents), []).append(n)
        places: dict[Hashable, list[int]] = {}
        for place in self._open():
            places.setdefault((self.seen[place].title, self.seen[place].parents), []).append(place)
        for key, mine in places.items():
            fitting = waiting.get(key, [])
            if len(mine) != len(fitting):
                continue  # some of several with one title are gone: their texts must decide
            for place, n in zip(mine, fitting, strict=True):
                if self._may(place, self.known[n]) and not self._belongs_elsewhere(place, n):
                    self._take(place, self.known[n])

    def _belongs_elsewhere(self, place: int, n: int) -> bool:
        """Whether this text is that of another known section, or that section's text is here."""
        best = self._candidates(place, ALIKE)
        if best and best[0][1] != n:
            return True
        mine = self._pairs.get(place, {}).get(n, 0.0)
        return any(
            pairs.get(n, 0.0) >= max(ALIKE, mine)
            for other, pairs in self._pairs.items()
            if other != place and other not in self.found
        )

    def _by_likeness(self) -> None:
        """Most of the same words; when two are about as like, their neighbours must decide."""
        ranked = sorted(
            (-score, place, n)
            for place in self._open()
            for score, n in self._candidates(place, ALIKE)
        )
        for score, place, n in ranked:
            if place in self.found or self.known[n].id in self._taken:
                continue
            if self._is_clear(place, n, -score) or self._stands_there(place, n):
                self._take(place, self.known[n])

    def _is_clear(self, place: int, n: int, score: float) -> bool:
        """Whether no other section is about as like, seen from either side."""
        rivals = [other for other, m in self._candidates(place, score - MARGIN) if m != n]
        suitors = [
            other
            for other in self._open()
            if other != place and self._pairs.get(other, {}).get(n, 0.0) > score - MARGIN
        ]
        return not rivals and not suitors

    def _by_neighbours(self) -> None:
        """What stands between the same two sections, one for one, if anything else speaks for it.

        What readers know and nothing speaks for is a doubt: rewritten, or another one?
        """
        progress = True
        while progress:
            progress = False
            for place in self._open():
                n = self._between(place)
                if n is not None and self._is_backed(place, n):
                    self._take(place, self.known[n])
                    progress = True
        for place in self._open():
            there = self._between(place)
            likely = [n for _, n in self._candidates(place, ALIKE)]
            likely += [there] if there is not None and there not in likely else []
            known = tuple(self.known[n] for n in likely if self.out(self.known[n]))
            if known:
                self.doubts.append(Doubt(place, known))

    def _between(self, place: int) -> int | None:
        """The one free known section between the known neighbours of a place."""
        order, at = self._order, self._at
        before, after = self._neighbour(place, -1), self._neighbour(place, 1)
        if before is _UNKNOWN or after is _UNKNOWN:
            return None
        first = at.get(before, -1) if isinstance(before, str) else -1
        last = at.get(after, len(order)) if isinstance(after, str) else len(order)
        if last - first != 2:  # noqa: PLR2004 -- exactly one between the two
            return None
        n = order[first + 1]
        free = self.known[n].id not in self._taken
        return n if free and self._may(place, self.known[n]) else None

    def _neighbour(self, place: int, step: int) -> object:
        """The known id beside a place; None at the end of the guide, _UNKNOWN when it is new."""
        beside = place + step
        if not 0 <= beside < len(self.seen):
            return None
        return self.found[beside].id if beside in self.found else _UNKNOWN

    def _stands_there(self, place: int, n: int) -> bool:
        return self._between(place) == n

    def _is_backed(self, place: int, n: int) -> bool:
        """Whether something besides the place speaks for it: words, title, or that it has none."""
        mine, other = self.seen[place], self.known[n]
        if not mine.content_hash and not other.content_hash:
            return True
        if self._pairs.get(place, {}).get(n, 0.0) >= HINT:
            return True
        return SequenceMatcher(None, mine.title, other.title).ratio() >= ALIKE


_UNKNOWN = object()

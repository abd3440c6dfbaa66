"""How well related links are found, and what it costs, beside what others do.

`make bench-related` prints nDCG@10 and P@3 on labelled sets, then times and memory on generated
pages. `--quick` leaves out the largest size.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from bench import rankers
from bench.labelled import SETS, LabelledPage, manual_pages
from bench.memory import peak
from pipeline.related import Catalogue, choose
from pipeline.related.vectors import build

CACHE = Path("var/bench")
SIZES = (1_000, 10_000, 100_000)
PEERS_MOST = 10_000
"""Generated pages above which peers are left out: they would take many minutes."""
WORDS, STOP_WORDS = 180, 120
"""Of a generated page."""
QUERIES = 100

Maker = Callable[[Sequence[LabelledPage]], rankers.Ranker]
OURS = "ours"
MAKERS: Mapping[str, Maker] = {
    "tags and date (as Hugo)": rankers.tags_and_date,
    "scikit-learn TF-IDF": rankers.scikit_learn,
    "SQLite FTS5, 25 terms": rankers.sqlite_fts5,
    "BM25, 25 terms": rankers.bm25,
    "cosines alone": rankers.cosines,
    OURS: rankers.ours,
}
TIMED = ("scikit-learn TF-IDF", "SQLite FTS5, 25 terms")


def quality(scores: rankers.Ranker, pages: Sequence[LabelledPage]) -> tuple[float, float]:
    """nDCG@10 and P@3, the mean over all pages that have labels."""
    gains, hits = [], []
    for at, one in enumerate(pages):
        if not one.labels:
            continue
        found = np.asarray(scores(at), dtype=float).copy()
        found[at] = -np.inf
        best = np.argsort(-found, kind="stable")[:10]
        relevant = np.array([pages[n].name in one.labels for n in best])
        discount = 1 / np.log2(np.arange(2, 12))
        ideal = discount[: len(one.labels)].sum()
        gains.append((relevant * discount[: len(best)]).sum() / ideal)
        hits.append(relevant[:3].mean())
    return float(np.mean(gains)), float(np.mean(hits))


def generated(many: int) -> list[LabelledPage]:
    """So many pages, the same each time.

    Words are spread by Zipf's law as Mandelbrot has it, flattened so that a page shares words with
    others as often as pages of real sites do: ten words of it are in the mean page.
    """
    random = np.random.default_rng(1)
    names = np.array([f"w{n:x}q" for n in range(60_000)])
    weights = 1 / (np.arange(len(names)) + 30)
    weights /= weights.sum()
    stop = " the" * STOP_WORDS
    pages = []
    for n in range(many):
        words = names[random.choice(len(names), WORDS, p=weights)].tolist()
        pages.append(
            LabelledPage(f"p{n}", " ".join(words[:6]), "", " ".join(words) + stop, (), frozenset())
        )
    return pages


def cost(many: int) -> dict[str, float]:
    """Seconds to count words and to build; milliseconds to score and to choose; MiB at most."""
    pages = rankers.candidates(generated(many))
    before = time.perf_counter()
    counted = [page.counted() for page in pages]
    counting = time.perf_counter()
    shelf = build(counted)
    built = time.perf_counter()
    some = [counted[at] for at in range(0, many, many // QUERIES)]
    for page in some:
        shelf.scores(shelf.vector(page))
    scored = time.perf_counter()
    catalogue = Catalogue({"en": shelf})
    for page in some:
        choose(page, catalogue)
    chosen = time.perf_counter()
    return {
        "count": counting - before,
        "build": built - counting,
        "score": (scored - built) / len(some) * 1000,
        "choose": (chosen - scored) / len(some) * 1000,
        "memory": peak(),
    }


def peer_cost(name: str, many: int) -> dict[str, float]:
    """Seconds that a peer builds, words included; milliseconds to score; MiB at most."""
    pages = generated(many)
    before = time.perf_counter()
    ranker = MAKERS[name](pages)
    built = time.perf_counter()
    some = range(0, many, many // QUERIES)
    for at in some:
        ranker(at)
    scored = (time.perf_counter() - built) / len(some) * 1000
    return {"build": built - before, "score": scored, "memory": peak()}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the largest size")
    parser.add_argument("--cost", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.cost:
        _say(json.dumps(peer_cost(said.peer, said.cost) if said.peer else cost(said.cost)))
        return
    for name, packages in SETS.items():
        pages = manual_pages(CACHE / name, packages)
        asked = sum(bool(one.labels) for one in pages)
        _say(f"{name}: {len(pages)} manual pages of Debian, {asked} name related ones (SEE ALSO)\n")
        _say(f"{'ranking':28} nDCG@10    P@3")
        for ranking, maker in MAKERS.items():
            _row(ranking, maker(pages), pages)
        _say("")
    _say(f"{'generated pages':>38} count s  build s  score ms  choose ms  memory MiB")
    for many in SIZES[:-1] if said.quick else SIZES:
        found = _apart(many)
        _say(
            f"{OURS:>28} {many:>9,} {found['count']:7.2f} {found['build']:8.2f} "
            f"{found['score']:9.2f} {found['choose']:10.2f} {found['memory']:11.0f}"
        )
        for peer in TIMED if many <= PEERS_MOST else ():
            found = _apart(many, "--peer", peer)
            _say(
                f"{peer:>28} {many:>9,} {'with':>7} {found['build']:8.2f} "
                f"{found['score']:9.2f} {'':10} {found['memory']:11.0f}"
            )


def _row(name: str, scores: rankers.Ranker, pages: Sequence[LabelledPage]) -> None:
    ndcg, precision = quality(scores, pages)
    _say(f"{name:34} {ndcg:7.3f} {precision:6.3f}")


def _apart(many: int, *more: str) -> dict[str, float]:
    """The cost in a process of its own, so that each has its own memory."""
    words = [sys.executable, "-m", "bench.related", "--cost", str(many), *more]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603 -- ourselves
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()

"""How well related links are found, and what it costs, beside what others do.

`make bench-related` prints nDCG@10 and P@3 on a labelled set, then times and memory on generated
pages. `--quick` leaves out the largest size.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import rankers
from bench.labelled import LabelledPage, manual_pages
from pipeline.related import Catalogue, choose

CACHE = Path("var/bench/manual-pages")
SIZES = (1_000, 10_000, 100_000)
WORDS = 300
"""A generated page."""
QUERIES = 200

Maker = Callable[[Sequence[LabelledPage]], rankers.Ranker]
MAKERS: Mapping[str, Maker] = {
    "tags and date (as Hugo)": rankers.tags_and_date,
    "scikit-learn TF-IDF": rankers.scikit_learn,
    "SQLite FTS5, 25 terms": rankers.sqlite_fts5,
    "BM25, 25 terms": rankers.bm25,
    "fields (ours)": rankers.fields,
}
SHARES = (0.3, 0.5, 0.7)


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
    """So many pages of words as a language spreads them (Zipf), the same each time."""
    random = np.random.default_rng(1)
    names = np.array([f"w{n:x}q" for n in range(60_000)])
    drawn = names[np.minimum(random.zipf(1.3, (many, WORDS)), len(names)) - 1]
    return [
        LabelledPage(f"p{n}", " ".join(row[:6]), "", " ".join(row), (), frozenset())
        for n, row in enumerate(drawn)
    ]


def cost(many: int) -> dict[str, float]:
    """Seconds to build, words taken apart included; milliseconds to score and to choose; MiB."""
    pages = generated(many)
    before = time.perf_counter()
    shelf = rankers.shelf_of(pages)
    built = time.perf_counter() - before
    before = time.perf_counter()
    for at in range(QUERIES):
        shelf.scores(shelf.vector(shelf.pages[at]))
    scored = (time.perf_counter() - before) / QUERIES
    catalogue = Catalogue({"en": shelf})
    before = time.perf_counter()
    for at in range(QUERIES):
        choose(shelf.pages[at], catalogue)
    chosen = (time.perf_counter() - before) / QUERIES
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"build": built, "score": scored * 1000, "choose": chosen * 1000, "memory": memory}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the largest size")
    parser.add_argument("--cost", type=int, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.cost:
        _say(json.dumps(cost(said.cost)))
        return
    pages = manual_pages(CACHE)
    asked = sum(bool(one.labels) for one in pages)
    _say(f"{len(pages)} manual pages of Debian, {asked} with labels (their SEE ALSO)\n")
    _say(f"{'ranking':34} nDCG@10    P@3")
    made: dict[str, Any] = {}
    for name, maker in MAKERS.items():
        made[name] = maker(pages)
        _row(name, made[name], pages)
    for share in SHARES:
        both = rankers.combined(made["fields (ours)"], made["BM25, 25 terms"], share)
        _row(f"z-scores, {share:.0%} BM25", both, pages)
    _say(f"\n{'generated pages, ours':>24}  build s  score ms  choose ms  memory MiB")
    for many in SIZES[:-1] if said.quick else SIZES:
        found = _apart(many)
        times = f"{found['build']:8.2f} {found['score']:9.2f} {found['choose']:10.2f}"
        _say(f"{many:>24,} {times} {found['memory']:11.0f}")


def _row(name: str, scores: rankers.Ranker, pages: Sequence[LabelledPage]) -> None:
    ndcg, precision = quality(scores, pages)
    _say(f"{name:34} {ndcg:7.3f} {precision:6.3f}")


def _apart(many: int) -> dict[str, float]:
    """The cost in a process of its own, so that each has its own memory."""
    words = [sys.executable, "-m", "bench.related", "--cost", str(many)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603 -- ourselves
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()

"""A long night: many people, many kills, on both databases, beside a sender without a journal.

    python -m tests.crash.soak [PEOPLE] [KILLS]

Prints a table: what was lost, what was doubled, and what was uncertain until the log decided.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests import postgres
from tests.crash.harness import SQLITE, build, kill_often, sink
from tests.crash.sender import Options

PEOPLE, KILLS = 60_000, 200


def night(people: int, kills: int, url: str, options: Options) -> str:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        with sink(at / "sink", "--delay=2") as server:
            site = build(at / "site", server.port, people, url)
            began = time.monotonic()
            done = kill_often(site, server, kills, options, seed=1)
            site.finish(options)
            uncertain = site.states().get("uncertain", 0)
            site.resolve(server)
            site.finish(options)
            took = time.monotonic() - began
            arrived = server.accepted()
    lost = len(site.audience - arrived.keys())
    doubled = sum(count - 1 for count in arrived.values())
    return f"{done:>6} {uncertain:>10} {lost:>6} {doubled:>8} {took:>7.0f} s"


def main() -> None:
    """Run the nights, and print their table."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else KILLS
    _say(f"{people:,} people, kill -9 at random moments")
    _say(f"{'':<28} {'kills':>6} {'uncertain':>10} {'lost':>6} {'doubled':>8} {'took':>9}")
    _say(f"{'SQLite':<28} {night(people, kills, SQLITE, Options())}")
    with postgres.server() as server, postgres.database(server) as url:
        _say(f"{'PostgreSQL':<28} {night(people, kills, url, Options())}")
    naive = night(people, kills // 10, SQLITE, Options(is_naive=True))
    _say(f"{'no journal, a tenth of kills':<28} {naive}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- what it is for


if __name__ == "__main__":
    main()

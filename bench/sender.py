"""A sender for `bench.delivery`, in a process that has nothing else in memory.

python -m bench.sender SITE SECONDS prints the seconds that it took, MiB at most, and how many
messages went out. SECONDS is how long a pass may last; 0: until all is sent.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bench.memory import peak
from pipeline import jobs
from pipeline.app import open_site


def main(folder: str, seconds: str) -> None:
    """Deliver what is due in a site."""
    with open_site(Path(folder)) as app:
        limit = timedelta(seconds=float(seconds)) if float(seconds) else None
        desk = replace(app.desk, longest_pass=limit)
        began = time.perf_counter()
        report = jobs.deliver(desk, desk.clock())
        took = time.perf_counter() - began
    if report.problems:
        raise SystemExit(str(report.problems))
    print(json.dumps([took, peak(), report.sent]))  # noqa: T201 -- what it is for


if __name__ == "__main__":
    main(*sys.argv[1:])

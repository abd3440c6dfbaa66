"""How much memory this process has had at most."""

from __future__ import annotations

import re
from pathlib import Path


def peak() -> float:
    """MiB. From Linux itself: `getrusage` also counts what the parent had when it forked."""
    said = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", said, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0

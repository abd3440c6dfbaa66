"""Other processes of this program that send beside this one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

HOME = Path(__file__).parents[2]
"""Where the package lies: a helper is this program, wherever it was started from."""


@dataclass(frozen=True, slots=True)
class Process:
    """A sender that was begun."""

    program: subprocess.Popen[str]

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self.program.poll() is not None

    def stop(self) -> None:
        """Let it settle what is under way, and end."""
        self.program.terminate()

    def told(self) -> Mapping[str, Any]:
        """What it did; of one that was killed, that it was."""
        said, complaint = self.program.communicate()
        try:
            found: dict[str, Any] = json.loads(said)
        except ValueError:
            lines = complaint.strip().splitlines()
            why = lines[-1] if lines else f"it ended with {self.program.returncode}"
            told = f"another sender broke off ({why}); the next pass settles what it had begun"
            return {"states": {}, "problems": [told], "is_unfinished": True}
        return found


def hiring(folder: Path) -> Callable[[timedelta | None], Process]:
    """Begins senders for a site."""

    def hire(longest: timedelta | None) -> Process:
        words = ["-m", "pipeline", "--site", str(folder), "delivery", "send", "--json"]
        limit = [] if longest is None else ["--seconds", str(longest.total_seconds())]
        pipe = subprocess.PIPE
        command = [sys.executable, *words, *limit]
        program = subprocess.Popen(  # noqa: S603 -- ourselves
            command, cwd=HOME, stdout=pipe, stderr=pipe, text=True
        )
        return Process(program)

    return hire

"""How hypothesis looks for counterexamples: without a clock, and in CI the same ones each time."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("everyday", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if "CI" in os.environ else "everyday")

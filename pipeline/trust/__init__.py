"""Whether a guide may go out, and what in its words needs a second look.

Gates (`review`) hold what its profile demands of its front matter; lints (`lint`) look through its
words by rules from a file. Nothing here reads a file.
"""

from pipeline.trust.gates import is_held, is_overdue, review
from pipeline.trust.lint import lint
from pipeline.trust.readability import Readability, readability
from pipeline.trust.rules import Rule, read_rules

__all__ = [
    "Readability",
    "Rule",
    "is_held",
    "is_overdue",
    "lint",
    "read_rules",
    "readability",
    "review",
]

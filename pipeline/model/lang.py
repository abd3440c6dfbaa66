"""Language tags (BCP 47), as far as they matter here."""

from __future__ import annotations

import re


def language(tag: str) -> str:
    """The language that a tag such as `en-GB` or `pt_BR` is a variety of."""
    return re.split(r"[-_]", tag.strip().lower(), maxsplit=1)[0]

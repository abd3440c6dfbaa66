"""How much of one text is in another, told from a short sketch of each.

A sketch holds the smallest hashes of a text's words, each word counted as often as it stands there
(the first "bees", the second): the order of sentences does not matter, a word less is a word less.
Up to SKETCH words it is the whole text and the figure exact; beyond, it is a bottom-k sample
(Broder 1997) with a standard error of about .04.
"""

from __future__ import annotations

import base64
import re
import zlib

SKETCH = 128
"""Hashes a sketch: 512 characters in the ids file at most."""

ALIKE = 0.6
"""From this share on, two texts are one text that was edited: less than 40 % of it changed."""

SLACK = 0.08
"""Two standard errors: what a sampled figure may fall short by."""

_BYTES = 3
_WORD = re.compile(r"\w+")


def sketch(text: str) -> str:
    """The sketch of a text, in base64; empty for a text without words."""
    hashes = set()
    counted: dict[bytes, int] = {}
    for word in _WORD.findall(text.casefold()):
        key = word.encode()
        nth = counted[key] = counted.get(key, -1) + 1
        hashes.add(zlib.crc32(key, nth) & 0xFFFFFF)
    smallest = sorted(hashes)[:SKETCH]
    raw = b"".join(one.to_bytes(_BYTES, "big") for one in smallest)
    return base64.b64encode(raw).decode("ascii")


def read_sketch(said: str) -> frozenset[int]:
    """The hashes of a sketch.

    Raises:
        ValueError: It is none.
    """
    raw = base64.b64decode(said, validate=True)
    return frozenset(
        int.from_bytes(raw[at : at + _BYTES], "big") for at in range(0, len(raw), _BYTES)
    )


def alike(one: frozenset[int], other: frozenset[int]) -> float:
    """The share of words that two texts have in common (Dice), 0 to 1, from their sketches.

    With 40 % of the words replaced it is .6, wherever they stood.
    """
    if not one or not other:
        return 0.0
    if max(len(one), len(other)) < SKETCH:
        return 2 * len(one & other) / (len(one) + len(other))
    sample = frozenset(sorted(one | other)[:SKETCH])
    jaccard = len(sample & one & other) / len(sample)
    dice = 2 * jaccard / (1 + jaccard)
    return min(1.0, dice + SLACK) if dice < 1 else dice

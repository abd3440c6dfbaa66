"""Issue and catalogue -> "You might also like": links with a score and the words behind it.

Ranked by text alone (`vectors`), then gated and thinned (`choice`). It reads no store: the caller
brings all that may be linked to, and nothing else.

NumPy and SciPy take 26 MiB and a quarter of a second to import. Who sends mail or asks for help
links nothing, so what needs them is imported when it is first asked for (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.related.choice import Considered, catalogue, choose, explain
    from pipeline.related.vectors import Candidate, Catalogue, Ranker
    from pipeline.related.words import telling

__all__ = [
    "Candidate",
    "Catalogue",
    "Considered",
    "Ranker",
    "catalogue",
    "choose",
    "explain",
    "telling",
]

_ROOMS = {
    "Candidate": "vectors",
    "Catalogue": "vectors",
    "Ranker": "vectors",
    "telling": "words",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = import_module(f"{__name__}.{_ROOMS.get(name, 'choice')}")
    return getattr(room, name)

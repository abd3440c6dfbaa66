"""Issue and catalogue -> "You might also like": links with a score and the words behind it.

Ranked by text alone (`vectors`), then gated and thinned (`choice`). It reads no store: the caller
brings all that may be linked to, and nothing else.
"""

from pipeline.related.choice import Considered, catalogue, choose, explain
from pipeline.related.vectors import Candidate, Catalogue, Ranker

__all__ = ["Candidate", "Catalogue", "Considered", "Ranker", "catalogue", "choose", "explain"]

"""The database: every SQL statement lives in this room, each a function of a transaction.

`open_store` gives a `Store`; its `read()` and `write()` give transactions; the modules `guides`,
`issues`, `archives`, `subscribers`, `deliveries`, `pings` and `renderings` hold what can be said
in one.
"""

from sqlalchemy import Connection as Transaction

from pipeline.store import archives, deliveries, guides, issues, pings, renderings, subscribers
from pipeline.store.engine import Store, StoreOptions, open_store
from pipeline.store.tables import EVERY_GUIDE

__all__ = [
    "EVERY_GUIDE",
    "Store",
    "StoreOptions",
    "Transaction",
    "archives",
    "deliveries",
    "guides",
    "issues",
    "open_store",
    "pings",
    "renderings",
    "subscribers",
]

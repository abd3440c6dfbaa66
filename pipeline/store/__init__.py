"""The database: every SQL statement lives in this room, each a function of a transaction.

`open_store` gives a `Store`; its `read()` and `write()` give transactions; the modules `guides`,
`issues`, `compilations`, `archives`, `subscribers`, `subscriptions`, `signups`, `letters`,
`events`, `suppressions`, `plans`, `deliveries`, `claims`, `leases`, `throttles`, `bounces`,
`pings`, `renderings`, `tokens`, `answers`, `webhooks`, `instances` and `listing` hold what can be
said in one.
"""

from sqlalchemy import Connection as Transaction

from pipeline.store import (
    answers,
    archives,
    bounces,
    claims,
    compilations,
    deliveries,
    events,
    guides,
    instances,
    issues,
    leases,
    letters,
    listing,
    pings,
    plans,
    renderings,
    searching,
    signups,
    subscribers,
    subscriptions,
    suppressions,
    throttles,
    tokens,
    webhooks,
)
from pipeline.store.databases import shown
from pipeline.store.engine import Store, StoreOptions, open_store
from pipeline.store.moving import copy
from pipeline.store.tables import EVERY_GUIDE

__all__ = [
    "EVERY_GUIDE",
    "Store",
    "StoreOptions",
    "Transaction",
    "answers",
    "archives",
    "bounces",
    "claims",
    "compilations",
    "copy",
    "deliveries",
    "events",
    "guides",
    "instances",
    "issues",
    "leases",
    "letters",
    "listing",
    "open_store",
    "pings",
    "plans",
    "renderings",
    "searching",
    "shown",
    "signups",
    "subscribers",
    "subscriptions",
    "suppressions",
    "throttles",
    "tokens",
    "webhooks",
]

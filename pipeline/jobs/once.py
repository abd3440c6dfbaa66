"""Does what a program asks for once, however often it asks with the same key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline import store
from pipeline.errors import RefusedError, UsageError
from pipeline.jobs.desk import Desk
from pipeline.store.answers import Asked

KEPT = timedelta(hours=24)
"""How long an answer is given again."""

PATIENCE = timedelta(minutes=1)
"""After which who took a request on and gave no answer is taken to be dead. What we do for a
program may be done twice without harm; only the answer would say another thing."""


@dataclass(frozen=True, slots=True)
class Result:
    """An answer, as it is given and kept."""

    status: int
    body: str = ""
    location: str = ""


def once(desk: Desk, asked: Asked, now: datetime, do: Callable[[], Result]) -> Result:
    """The answer to a request: the first one, however often it comes.

    Args:
        desk: The site.
        asked: Who asks, under which key, and a digest of what.
        now: The moment.
        do: Answers it; what it raises is not kept, so that the request may come again.

    Raises:
        UsageError: The key was used for something else.
        RefusedError: The same request is being worked on.
    """
    with desk.store.write() as tx:
        store.answers.forget_before(tx, now - KEPT)
        known = store.answers.begin(tx, asked, now, now - PATIENCE)
    if known is not None:
        if known.digest != asked.digest:
            raise UsageError("this Idempotency-Key was used for another request", "take a new one")
        if known.status is None:
            raise RefusedError("this request is being worked on", "ask again in a moment")
        return Result(known.status, known.body, known.location)
    try:
        result = do()
    except BaseException:
        with desk.store.write() as tx:
            store.answers.forget(tx, asked)
        raise
    with desk.store.write() as tx:
        store.answers.finish(tx, asked, result.status, result.body, result.location)
    return result

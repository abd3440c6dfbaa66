"""Tells programs what happened, in order, each again and again until it listens.

An event is told at least once, always under the same name, and never before those before it. A
program that fails is left alone for longer and longer; what is older than three days by then is
given up, and counted. The API has every event still.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pipeline import store
from pipeline.errors import CallError, UsageError
from pipeline.jobs import sending
from pipeline.jobs.desk import Desk, Hook
from pipeline.model import Event, event_type
from pipeline.store.webhooks import Standing

BATCH = 200
"""Events that a program is told of in a pass; the rest is there the next time."""

HOLD = timedelta(minutes=2)
"""How long nobody else calls a program meanwhile; longer than a call lasts."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(hours=1)
PATIENCE = timedelta(hours=72)
"""After which an event is given up that a program does not take."""

MAX_SAID = 300


@dataclass(frozen=True, slots=True)
class HooksReport:
    """What programs were told."""

    told: int = 0
    problems: tuple[str, ...] = ()


def greet(desk: Desk) -> None:
    """Remember programs that are new to the settings: they are told of what happens from now on."""
    if desk.hooks:
        with desk.store.read() as tx:
            known = {one.name for one, _ in store.webhooks.standings(tx)}
        fresh = [one.name for one in desk.hooks if one.name not in known]
        if fresh:
            with desk.store.write() as tx:
                store.webhooks.add(tx, fresh)


def call_webhooks(desk: Desk, now: datetime) -> HooksReport:
    """Tell every program of the settings what it does not know yet."""
    desk, _ = sending.allowed(desk)
    told, problems = 0, []
    for hook in desk.hooks:
        with desk.store.write() as tx:
            standing = store.webhooks.claim(tx, hook.name, now, now + HOLD)
        if standing is not None:
            count, problem = _tell(desk, hook, standing)
            told += count
            problems += [problem] if problem else []
    return HooksReport(told, tuple(problems))


@dataclass(frozen=True, slots=True)
class Tried:
    """What a program answered to an event that says nothing."""

    said: str
    is_taken: bool


def try_webhook(desk: Desk, name: str, now: datetime) -> Tried:
    """Call a program once, so that its operator sees whether it listens.

    Raises:
        UsageError: The settings name no such program.
    """
    hook = next((one for one in desk.hooks if one.name == name), None)
    if hook is None:
        known = ", ".join(one.name for one in desk.hooks) or "none"
        raise UsageError(f"no webhook is called {name!r}", f"known: {known}")
    said = {"type": "webhook.test", "timestamp": now.isoformat(), "data": {}}
    body = _json(said)
    problem = _call(hook, f"evt_test_{now:%Y%m%dT%H%M%S}", body, now)
    return Tried(problem or "it took the event", not problem)


def event_name(one: Event) -> str:
    """The name of an event: the same whenever it is told, and no other's."""
    return f"evt_{one.id}_{one.at:%Y%m%dT%H%M%S}"


def told(desk: Desk, tx: store.Transaction, one: Event) -> Mapping[str, Any]:
    """An event as programs are told of it: whom or what it is about stands as it is now."""
    data: dict[str, Any] = {"event_id": one.id, "guide": one.guide or None, "detail": one.detail}
    if one.subscriber_id is not None:
        person = store.subscribers.by_id(tx, one.subscriber_id)
        about = None if person is None else {"email": person.address, **asdict(person)}
        if about is not None:
            del about["address"]
        data["subscriber"] = about or {"id": one.subscriber_id}
    issue = store.issues.by_id(tx, one.issue_id) if one.issue_id else None
    if issue is not None:
        data["issue"] = {
            "id": issue.id,
            "guide": issue.guide,
            "number": issue.number,
            "of": issue.of,
            "subject": issue.subject,
            "url": desk.site.url(issue.path),
        }
    return {"type": event_type(one.kind), "timestamp": one.at.isoformat(), "data": data}


def _json(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, default=datetime.isoformat, ensure_ascii=False).encode()


def _tell(desk: Desk, hook: Hook, standing: Standing) -> tuple[int, str]:
    """How many events a program took, and what kept it from taking the next."""
    count = 0
    with desk.store.read() as tx:
        events = store.events.after(tx, standing.position, BATCH)
        said = [(one, _json(told(desk, tx, one))) for one in events]
    for one, body in said:
        if desk.is_stopping():
            break
        if hook.events and event_type(one.kind) not in hook.events:
            standing = replace(standing, position=one.id)
            continue
        now = desk.clock()
        problem = _call(hook, event_name(one), body, now)
        if problem:
            standing = _failed(standing, one, problem, now)
            _save(desk, standing)
            return count, f"webhook {hook.name}: {problem}"
        count += 1
        standing = _taken(standing, one)
        _save(desk, replace(standing, next_at=now + HOLD))
    _save(desk, replace(standing, next_at=None))
    return count, ""


def _call(hook: Hook, name: str, body: bytes, now: datetime) -> str:
    """Nothing if the program took it; otherwise what happened."""
    try:
        answer = hook.call(name, int(now.timestamp()), body)
    except CallError as error:
        return error.what[:MAX_SAID]
    if 200 <= answer.status < 300:  # noqa: PLR2004 -- the class of success
        return ""
    return f"it answered {answer.status} {answer.reason}"[:MAX_SAID]


def _taken(standing: Standing, one: Event) -> Standing:
    return replace(standing, position=one.id, attempts=0, failing_since=None, said="")


def _failed(standing: Standing, one: Event, problem: str, now: datetime) -> Standing:
    """Where a program stands that did not take an event: it is left alone for a while."""
    since = standing.failing_since or now
    is_given_up = now - since >= PATIENCE and now - one.at >= PATIENCE
    wait = min(FIRST_WAIT * 2 ** min(standing.attempts, 16), LONGEST_WAIT)
    return replace(
        standing,
        position=one.id if is_given_up else standing.position,
        skipped=standing.skipped + is_given_up,
        attempts=standing.attempts + 1,
        failing_since=since,
        said=problem,
        next_at=now if is_given_up else now + wait,
    )


def _save(desk: Desk, standing: Standing) -> None:
    with desk.store.write() as tx:
        store.webhooks.save(tx, standing)

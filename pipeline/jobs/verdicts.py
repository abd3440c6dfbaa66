"""What results come to, and what they say of relays, of who takes mail, and of issues."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import datetime

from pipeline import delivery
from pipeline.delivery import Meaning, Outcome
from pipeline.jobs.gates import Gates
from pipeline.jobs.routes import Result, Task
from pipeline.model import Reply
from pipeline.store.leases import Settled


class Verdicts:
    """Judges what relays said, and keeps account of it over one pass."""

    def __init__(self, gates: Gates, warming: Collection[str]) -> None:
        """Begin.

        Args:
            gates: What is known of relays, groups of domains, and domains.
            warming: The relays of which each message of the day counts.
        """
        self.disliked: set[str] = set()
        """Issues that relays refuse for what they say."""
        self.told: dict[str, None] = {}
        """What the operator should know, in order and once."""
        self._gates, self._warming = gates, warming
        self._taken: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._tried: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def judge(self, result: Result, reply: Reply, now: datetime) -> Settled:
        """The state that a reply leads to."""
        task, relay = result.task, result.route.name
        one = task.claimed.delivery
        self._tried[one.issue_id] += 1
        outcome = delivery.after(
            reply,
            attempts=one.attempts,
            now=now,
            key=f"{one.issue_id} {one.subscriber_id}",
            first_at=task.claimed.first_tried_at,
        )
        if outcome.meaning is Meaning.ACCEPTED:
            self._taken[relay][task.lane, task.claimed.domain if not task.lane else ""] += 1
        else:
            self._note_refusal(task, outcome, now)
        said = f"{reply.code} {reply.text}"
        return Settled(
            one.issue_id, one.subscriber_id, outcome.state, said, now, outcome.next_at,
            outcome.suppress, relay,
        )  # fmt: skip

    def close_turn(self, now: datetime) -> None:
        """Let the gates know what was taken since the last turn."""
        for relay, takers in self._taken.items():
            self._gates.accepted(relay, takers, now, counts=relay in self._warming)
        self._taken.clear()

    def _note_refusal(self, task: Task, outcome: Outcome, now: datetime) -> None:
        issue_id = task.claimed.delivery.issue_id
        self._refused[issue_id] += outcome.meaning is Meaning.CONTENT
        if delivery.is_content_refused(self._refused[issue_id], self._tried[issue_id]):
            self.disliked.add(issue_id)
        told = self._gates.refused(task.lane, task.claimed.domain, outcome, now)
        if told:
            self.told[told] = None

"""Sends what is due: one thread keeps the ledger, another speaks with relays.

A turn settles what came back, claims more, commits, and only then hands the claimed on. Who takes
mail is looked at in groups of domains, the lanes, so that a slow or closed one holds up no other.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Collection, Iterator
from datetime import datetime

from pipeline import store
from pipeline.delivery import Bucket
from pipeline.errors import FencedError, FileError, PartworkError, StoreError
from pipeline.jobs.desk import Desk, Destination
from pipeline.jobs.gates import Gates
from pipeline.jobs.lanes import CLAIM, Lane
from pipeline.jobs.leases import Leases
from pipeline.jobs.routes import Compiled, Result, Route, Task
from pipeline.jobs.suppressed import REFUSED, suppress
from pipeline.jobs.verdicts import Verdicts
from pipeline.model import DeliveryState
from pipeline.smtp import Loop
from pipeline.store.claims import Claim
from pipeline.store.leases import Settled

FLUSH, TURN = CLAIM, 0.25
"""Results are written to the ledger when there are as many as a claim brings, or after so many
seconds.

The journals have them at once; and while a turn is made the relays get less.
"""

LOOK = 0.4
"""Seconds between two looks at who has left meanwhile."""

RENEW = 1 / 15
"""Of the time that a lease lasts: after that it is renewed."""

GRACE = 8.0
"""Seconds that messages under way get to settle when we are told to stop."""

LAST_WORD = 1.0
"""Seconds in which those who were broken off may still say what became of their messages."""


class Dispatch:
    """One pass over what is due."""

    _loop: Loop
    """Serves the connections; there while the pass lasts."""

    def __init__(self, desk: Desk, compiled: Compiled) -> None:
        self.states: Counter[DeliveryState] = Counter()
        """How many deliveries ended in each state."""
        self.is_unfinished = False
        self._problems: dict[str, None] = {}
        self._desk = desk
        self._among = {issue_id for issue_id, _ in compiled}
        self._results: deque[Result] = deque()
        self._wake = threading.Event()
        self._routes = [Route(desk, each, compiled, self._done) for each in desk.transports]
        self._buckets = {route: Bucket(route.transport.rate) for route in self._routes}
        self._lanes: dict[str, Lane] = {}
        self._leases = Leases(desk)
        self._gates = Gates()
        warming = {one.name for one in desk.transports if one.since is not None}
        self._verdicts = Verdicts(self._gates, warming)
        self._looked = self._renewed = self._began = time.monotonic()
        self._is_ending = False

    @property
    def problems(self) -> tuple[str, ...]:
        """What kept messages from going out."""
        return tuple(self._problems)

    def run(self) -> None:
        """Send until nothing is due that can go now, or until told to stop.

        Raises:
            RelayError: This user may not have as many files open as that takes.
        """
        self._loop = Loop()
        try:
            with self._desk.store.read() as tx:
                self._gates.load(store.throttles.gates(tx))
                names = store.claims.destinations(tx, self._desk.clock(), self._among)
            groups = {one.name: one for one in self._desk.destinations}
            self._lanes = {one: Lane(groups.get(one) or Destination(one, ())) for one in names}
            while self._turn():
                self._wake.wait(TURN)
                self._wake.clear()
        except (StoreError, FileError) as error:
            self._problems[str(error)] = None
        finally:
            self._finish()

    def _done(self, result: Result) -> None:
        """Called by the loop: the ledger is told when there is enough to tell, or nothing to do."""
        self._results.append(result)
        if len(self._results) >= FLUSH or result.route.is_idle:
            self._wake.set()

    def _turn(self) -> bool:
        """Settle, claim, commit, hand on; whether there is more to do."""
        now, seconds = self._desk.clock(), time.monotonic()
        limit = self._desk.longest_pass
        if limit is not None and seconds - self._began > limit.total_seconds():
            self.is_unfinished = self._is_ending = True
        self._is_ending |= self._desk.is_stopping() or self._is_broken()
        with self._desk.store.write(alone=False) as tx:
            settled = self._settle(tx, now)
            self._look(tx, now, seconds)
            claimed = [] if self._is_ending else self._claim(tx, now)
            store.throttles.save(tx, self._gates.take_changed())
        self._let_go(settled)
        for task in claimed:
            self._lanes[task.lane].ready.append(task)
        self._leases.tidy()
        if self._is_ending:
            return False
        self._hand_on(now)
        self._loop.wake()
        return self._has_more(now)

    def _is_broken(self) -> bool:
        """Whether the loop ended by a fault of ours, and nothing can be sent any more."""
        fault = self._loop.fault
        if fault is not None:
            self._problems[f"a fault of ours: {fault!r}"] = None
        return fault is not None

    def _has_more(self, now: datetime) -> bool:
        if self._results or any(route.in_flight for route in self._routes):
            return True
        if not self._among or not any(self._is_usable(route, now) for route in self._routes):
            return False
        return any(
            lane.ready or not lane.is_drained
            for lane in self._lanes.values()
            if self._gates.group(lane.name).is_open(now)
        )

    # What came back

    def _settle(self, tx: store.Transaction, now: datetime) -> list[tuple[Task, Settled]]:
        """Write what became of the results that are there."""
        settled = []
        for _ in range(len(self._results)):
            result = self._results.popleft()
            result.route.in_flight -= 1
            if result.error is None or not self._keeps(result, now):
                self._lanes[result.task.lane].in_flight -= 1
                settled.append((result.task, self._judge(result, now)))
        _write(tx, settled)
        self._verdicts.close_turn(now)
        for issue_id in self._among & self._verdicts.disliked:
            self._pause(tx, issue_id)
        self._problems |= self._verdicts.told
        return settled

    def _let_go(self, settled: list[tuple[Task, Settled]]) -> None:
        """Count what the ledger knows for good: after its commit, not before."""
        for task, one in settled:
            task.lease.outstanding -= 1
            if one.state is not DeliveryState.PENDING:
                self.states[one.state] += 1

    def _keeps(self, result: Result, now: datetime) -> bool:
        """Whether a task that could not be tried stays ours, for another connection or relay."""
        route, error = result.route, result.error
        if isinstance(error, FencedError) or not isinstance(error, PartworkError | OSError):
            self._is_ending = True
            self._problems[str(error) or type(error).__name__] = None
            return False
        if isinstance(error, FileError) and not result.is_last:
            self._is_ending = True
        route.workers -= result.is_last
        if not route.workers or not result.is_last:
            self._problems[str(error)] = None
        if not route.workers:
            self._gates.break_relay(route.name, str(error), now)
            for task in route.take_back():
                self._lanes[task.lane].put_back(task)
        self._lanes[result.task.lane].put_back(result.task)
        return True

    def _judge(self, result: Result, now: datetime) -> Settled:
        if result.reply is None:
            return self._untried(result, now)
        return self._verdicts.judge(result, result.reply, now)

    def _untried(self, result: Result, now: datetime) -> Settled:
        """What was not handed over waits on; after a fault of ours nobody knows."""
        task, error = result.task, result.error
        if error is None or isinstance(error, PartworkError | OSError):
            self._lanes[task.lane].is_drained = False  # it is looked at once more
            return _waiting(task, now)
        return Settled(*task.key, DeliveryState.UNCERTAIN, f"a fault of ours: {error!r}", now)

    def _pause(self, tx: store.Transaction, issue_id: str) -> None:
        """Hold an issue back that relays refuse for what it says."""
        self._among.discard(issue_id)
        self._looked = float("-inf")  # what was handed on already is looked at now
        why = "its content is refused"
        store.deliveries.pause(tx, issue_id, why)
        self._problems[f"{issue_id}: {why} by relays: paused; see `partwork issue resume`"] = None

    # What goes next

    def _look(self, tx: store.Transaction, now: datetime, seconds: float) -> None:
        """See who has left meanwhile, and keep the leases alive."""
        if seconds - self._looked >= LOOK:
            self._looked = seconds
            gone = store.leases.withdrawn(tx, self._leases.names)
            for route in self._routes:
                route.withdrawn = gone
        if seconds - self._renewed >= RENEW * self._desk.lease.total_seconds():
            self._renewed = seconds
            store.leases.renew(tx, self._leases.names, now)

    def _claim(self, tx: store.Transaction, now: datetime) -> list[Task]:
        """Lease more for each lane that has room for more."""
        if not self._among or not any(self._is_usable(route, now) for route in self._routes):
            return []
        found: list[Task] = []
        for lane in self._lanes.values():
            gate = self._gates.group(lane.name)
            if lane.is_drained or len(lane.ready) >= CLAIM // 2 or not gate.is_open(now):
                continue
            limit = min(CLAIM - len(lane.ready), max(lane.room(gate), 1))
            found += self._claim_for(lane, tx, now, limit)
        return found

    def _claim_for(
        self, lane: Lane, tx: store.Transaction, now: datetime, limit: int
    ) -> Iterator[Task]:
        """Lease so many for a lane; what goes to a domain that is left alone waits for it."""
        lease = self._leases.current()
        wanted = Claim(lease.name, self._among, lane.name, min(limit, lease.room))
        rows = store.claims.claim(tx, now, wanted)
        lane.is_drained = not rows
        lease.claimed += len(rows)
        resting = []
        for row in rows:
            gate = self._gates.domain(row.domain)
            if lane.name or gate.is_open(now):
                lease.outstanding += 1
                yield Task(row, lease, lane.name)
            else:
                resting.append(_waiting(Task(row, lease, lane.name), now, gate.until))
        store.leases.settle(tx, resting, lease=lease.name)

    def _hand_on(self, now: datetime) -> None:
        """Give routes what they have room for, one of each lane after the other."""
        self._learn_paces()
        lanes = [lane for lane in self._lanes.values() if lane.ready]
        rooms = {lane.name: self._room(lane, now) for lane in lanes}
        free = {route: room for route in self._routes if (room := self._capacity(route, now))}
        while lanes:
            for lane in tuple(lanes):
                if not lane.ready or not rooms[lane.name]:
                    lanes.remove(lane)
                    continue
                if not free:
                    return
                route = _next_in_turn(free)
                rooms[lane.name] -= 1
                free[route] -= 1
                if not free[route]:
                    del free[route]
                self._buckets[route].take(1)
                route.put(lane.next(), self._loop)

    def _learn_paces(self) -> None:
        """See how fast relays are; what a slow one of several will not come to is the others'."""
        for route in self._routes:
            route.prefetch.learn(route.served - route.in_flight, time.monotonic())
            if len(self._routes) > 1:
                for task in route.take_back(keep=route.prefetch.count):
                    self._lanes[task.lane].put_back(task)

    def _room(self, lane: Lane, now: datetime) -> int:
        gate = self._gates.group(lane.name)
        return lane.room(gate) if gate.is_open(now) else 0

    def _capacity(self, route: Route, now: datetime) -> int:
        """How many messages a relay may be given now."""
        if not self._is_usable(route, now):
            return 0
        left = self._gates.relay(route.name).left_today(route.transport.since, now)
        room = min(route.workers + route.prefetch.count, left) - route.in_flight
        return max(0, int(min(room, self._buckets[route].available(time.monotonic()))))

    def _is_usable(self, route: Route, now: datetime) -> bool:
        gate = self._gates.relay(route.name)
        if not route.workers or not gate.is_open(now):
            return False
        left = gate.left_today(route.transport.since, now)
        return route.in_flight < left

    # The end

    def _finish(self) -> None:
        """Give back what was not begun, wait for what was, and write down all that is known."""
        self._take_back()
        for route in self._routes:
            route.end()
        self._loop.end()
        self._wait()
        self._take_back()  # what was to follow on a connection that broke
        now = self._desk.clock()
        try:
            with self._desk.store.write(alone=False) as tx:
                settled = self._settle(tx, now)
                unsent = (task for lane in self._lanes.values() for task in lane.ready)
                given_back = [(task, _waiting(task, now)) for task in unsent]
                _write(tx, given_back)
                store.throttles.save(tx, self._gates.take_changed())
            self._let_go(settled + given_back)
        except StoreError as error:
            self._problems[str(error)] = None
        self._leases.close()

    def _take_back(self) -> None:
        """Have what was handed on and nobody has begun."""
        for route in self._routes:
            for task in route.take_back():
                self._lanes[task.lane].put_back(task)

    def _wait(self) -> None:
        """Wait for messages under way: until they are settled, or for as long as we may."""
        until = None
        while self._loop.is_busy:
            if until is None and self._desk.is_stopping():
                until = time.monotonic() + GRACE
            if until is not None and time.monotonic() > until:
                break
            time.sleep(0.02)
        self._loop.abort(LAST_WORD)


def _next_in_turn(free: Collection[Route]) -> Route:
    """Of the relays that have room the one that has had the least of its share."""
    if len(free) == 1:  # as nearly always
        return next(iter(free))
    return min(free, key=lambda route: route.served / route.transport.weight)


def _waiting(task: Task, now: datetime, until: datetime | None = None) -> Settled:
    """A task given back as if nobody had claimed it, not to be tried before this moment."""
    return Settled(*task.key, DeliveryState.PENDING, "", now, until, is_untried=True)


def _write(tx: store.Transaction, settled: list[tuple[Task, Settled]]) -> None:
    by_lease: dict[str, list[Settled]] = {}
    for task, one in settled:
        by_lease.setdefault(task.lease.name, []).append(one)
    for lease, rows in by_lease.items():
        store.leases.settle(tx, rows, lease=lease)
    for _, one in settled:
        if one.suppress:
            suppress(tx, one.subscriber_id, REFUSED, one.at)

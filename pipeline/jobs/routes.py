"""Threads that hand messages over: a route is a transport and its workers, a session each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue

from pipeline import mail
from pipeline.errors import FileError, MailError, PartworkError
from pipeline.jobs.addressing import address
from pipeline.jobs.desk import Desk, Session, Transport
from pipeline.jobs.leases import Lease
from pipeline.model import Mode, Reply
from pipeline.store.leases import Claimed

Compiled = Mapping[tuple[str, Mode], mail.Compiled]
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Task:
    """A leased delivery that is to be handed over."""

    claimed: Claimed
    lease: Lease
    lane: str
    """The group of domains that it came from."""

    @property
    def key(self) -> Key:
        """Issue and subscriber."""
        return self.claimed.delivery.issue_id, self.claimed.delivery.subscriber_id


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a task."""

    task: Task
    route: Route
    reply: Reply | None
    """None: it was not tried, or not up to the dot."""
    at: datetime
    error: Exception | None = None
    """Why it was not."""
    is_last: bool = False
    """Whether the worker that had it has ended."""


class Route:
    """A transport and the threads that speak with it."""

    def __init__(
        self, desk: Desk, transport: Transport, compiled: Compiled, done: Callable[[Result], None]
    ) -> None:
        self.transport = transport
        self.in_flight = 0
        """Tasks that were put and whose results were not taken yet; counted by who puts them."""
        self.served = 0
        """Messages that it was given."""
        self.workers = transport.connections
        """Threads that have not ended."""
        self.withdrawn: frozenset[Key] = frozenset()
        """Deliveries that are not wanted any more."""
        self._desk, self._compiled, self._done = desk, compiled, done
        self._queue: SimpleQueue[Task | None] = SimpleQueue()
        self._sessions: set[Session] = set()
        self._threads = [
            threading.Thread(target=self._work, name=f"{transport.name} {n}", daemon=True)
            for n in range(transport.connections)
        ]
        self._has_started = False

    def put(self, task: Task) -> None:
        """Hand this over as soon as somebody is free."""
        if not self._has_started:
            self._has_started = True
            for thread in self._threads:
                thread.start()
        self.in_flight += 1
        self.served += 1
        self._queue.put(task)

    def take_back(self) -> list[Task]:
        """What was put and nobody has begun."""
        found: list[Task] = []
        while True:
            try:
                task = self._queue.get_nowait()
            except Empty:
                self.in_flight -= len(found)
                return found
            if task is not None:
                found.append(task)

    def end(self) -> None:
        """Let the workers go when they have done what they have begun."""
        for _ in self._threads:
            self._queue.put(None)

    @property
    def is_busy(self) -> bool:
        """Whether a worker has not ended."""
        return any(thread.is_alive() for thread in self._threads)

    def abort(self) -> None:
        """Break off what is still under way; who waits for a connection is left to itself."""
        for session in tuple(self._sessions):
            session.abort()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(1.0)

    def _work(self) -> None:
        """Serve until told to end, or until no session can be had."""
        while (task := self._queue.get()) is not None:
            session: Session | None = None
            try:
                with self.transport.connect() as session:
                    self._sessions.add(session)
                    while task is not None:
                        self._done(self._attempt(session, task))
                        task = self._queue.get()
            except (PartworkError, OSError) as error:
                is_last = not isinstance(error, FileError)
                self._fail(task, error, is_last=is_last)
                if is_last:
                    return
            except Exception as error:  # a fault of ours: told by who waits for the result
                self._fail(task, error, is_last=True)
                return
            else:
                return
            finally:
                if session is not None:
                    self._sessions.discard(session)

    def _fail(self, task: Task | None, error: Exception, *, is_last: bool) -> None:
        if task is not None:
            at = self._desk.clock()
            self._done(Result(task, self, None, at, error, is_last=is_last))

    def _attempt(self, session: Session, task: Task) -> Result:
        one = task.claimed.delivery
        if task.key in self.withdrawn or self._desk.is_stopping():
            return Result(task, self, None, self._desk.clock())
        try:
            compiled = self._compiled[one.issue_id, task.claimed.mode]
            message = address(self._desk, compiled, one)
        except MailError as error:  # this reader's name or address cannot stand in a head
            refused = Reply(554, str(error), "5.6.0")
            return Result(task, self, refused, self._desk.clock())
        reply = session.send(message, task.lease.intend)
        if reply.after_dot and 200 <= reply.code < 300:  # noqa: PLR2004 -- RFC 5321 section 4.2.1
            task.lease.accept(message)
        return Result(task, self, reply, self._desk.clock())

"""Threads that hand messages over: a route is a transport and its workers, a session each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from pipeline import mail
from pipeline.errors import FileError, MailError, PartworkError
from pipeline.jobs.addressing import address
from pipeline.jobs.desk import Desk, Session, Transport
from pipeline.jobs.leases import Lease
from pipeline.model import Message, Mode, Reply
from pipeline.store.leases import Claimed

LAST_WORD = 1.0
"""Seconds in which those who were broken off may still say what became of their messages."""

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
    def is_idle(self) -> bool:
        """Whether nothing waits for a worker."""
        return self._queue.empty()

    @property
    def is_busy(self) -> bool:
        """Whether a worker has not ended."""
        return any(thread.is_alive() for thread in self._threads)

    def abort(self) -> None:
        """Break off what is still under way; who waits for a connection is left to itself."""
        for session in tuple(self._sessions):
            session.abort()
        until = time.monotonic() + LAST_WORD
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        """Serve until told to end, or until no session can be had."""
        while (task := self._queue.get()) is not None:
            worker = _Worker(self, task)
            try:
                with self.transport.connect() as session:
                    self._sessions.add(session)
                    try:
                        worker.serve(session)
                    finally:
                        self._sessions.discard(session)
            except (PartworkError, OSError) as error:
                is_last = not isinstance(error, FileError)
                self._fail(worker.task, error, is_last=is_last)
                if is_last:
                    return
            except Exception as error:  # a fault of ours: told by who waits for the result
                self._fail(worker.task, error, is_last=True)
                return
            else:
                return

    def _fail(self, task: Task | None, error: Exception, *, is_last: bool) -> None:
        if task is not None:
            self._done(Result(task, self, None, error, is_last=is_last))

    def next(self, *, waits: bool) -> Task | None:
        """The next task that is still wanted; None when there is none, or no more.

        Raises:
            Empty: There is none now.
        """
        while (task := self._queue.get(block=waits)) is not None and not self.is_wanted(task):
            self._done(Result(task, self, None))
        return task

    def is_wanted(self, task: Task) -> bool:
        """Whether it is still to be handed over."""
        return task.key not in self.withdrawn and not self._desk.is_stopping()

    def message(self, task: Task) -> Message | None:
        """The message of a task; None, and its result is told, if it cannot be made."""
        one = task.claimed.delivery
        try:
            return address(self._desk, self._compiled[one.issue_id, task.claimed.mode], one)
        except MailError as error:  # this reader's name or address cannot stand in a head
            self.tell(task, Reply(554, str(error), "5.6.0"))
            return None

    def tell(self, task: Task, reply: Reply | None) -> None:
        """What was said to a task's message; None: it was not sent."""
        self._done(Result(task, self, reply))

    def put_back(self, task: Task) -> None:
        """Nothing of it has begun: it waits again."""
        self._queue.put(task)


class _Worker:
    """One thread's work over a session: it makes a message while the one before is under way."""

    def __init__(self, route: Route, task: Task) -> None:
        self.task: Task | None = task
        """What is being handed over."""
        self._route = route

    def serve(self, session: Session) -> None:
        """Hand over one task after the other, until there are no more."""
        message: Message | None = None
        while self.task is not None:
            message = message or self._made(self.task)
            following, ahead = self._peek() if message is not None else (None, None)
            if message is not None:
                self._send(session, self.task, message, following, ahead)
            self.task, message = following, ahead
            if self.task is None and not self._is_over:
                self.task = self._route.next(waits=True)

    _is_over = False

    def _made(self, task: Task) -> Message | None:
        if not self._route.is_wanted(task):
            self._route.tell(task, None)
            return None
        return self._route.message(task)

    def _peek(self) -> tuple[Task | None, Message | None]:
        """The next task and its message, if one is there already."""
        try:
            task = self._route.next(waits=False)
        except Empty:
            return None, None
        if task is None:
            self._is_over = True
            return None, None
        message = self._route.message(task)
        return (task, message) if message is not None else (None, None)

    def _send(
        self,
        session: Session,
        task: Task,
        message: Message,
        following: Task | None,
        ahead: Message | None,
    ) -> None:
        if not self._route.is_wanted(task):
            self._route.tell(task, None)
            return
        try:
            reply = session.send(message, task.lease.intend, ahead)
        except BaseException:
            if following is not None:
                self._route.put_back(following)
            raise
        if reply.after_dot and 200 <= reply.code < 300:  # noqa: PLR2004 -- RFC 5321 section 4.2.1
            task.lease.accept(message)
        self._route.tell(task, reply)

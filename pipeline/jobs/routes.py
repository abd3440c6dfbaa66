"""Ways for messages to leave: a route is a transport and its workers, a session each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from pipeline import mail
from pipeline.delivery import Prefetch
from pipeline.errors import FileError, MailError, PartworkError
from pipeline.jobs.addressing import address
from pipeline.jobs.desk import Desk, Session, Transport
from pipeline.jobs.leases import Lease
from pipeline.model import Message, Mode, Reply
from pipeline.smtp import Idle, Loop, Work
from pipeline.store.claims import Claimed

Compiled = Mapping[tuple[str, Mode], mail.Compiled]
Key = tuple[str, int]


class Task(NamedTuple):
    """A leased delivery that is to be handed over."""

    claimed: Claimed
    lease: Lease
    lane: str
    """The group of domains that it came from."""

    @property
    def key(self) -> Key:
        """Issue and subscriber."""
        return self.claimed.delivery.issue_id, self.claimed.delivery.subscriber_id


class Result(NamedTuple):
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
    """A transport and the workers that speak with it, all of them in one loop.

    Tasks are put and results are taken by another thread; all else is the loop's.
    """

    def __init__(
        self, desk: Desk, transport: Transport, compiled: Compiled, done: Callable[[Result], None]
    ) -> None:
        self.transport, self.name = transport, transport.name
        self.in_flight = 0
        """Tasks that were put and whose results were not taken yet; counted by who puts them."""
        self.served = 0
        """Messages that it was given."""
        self.workers = transport.connections
        """Those that have not ended."""
        self.withdrawn: frozenset[Key] = frozenset()
        """Deliveries that are not wanted any more."""
        self.prefetch = Prefetch(transport.connections, is_alone=len(desk.transports) == 1)
        self._desk, self._compiled, self._done = desk, compiled, done
        self._queue: deque[Task] = deque()
        self._has_started = self._is_over = False

    def put(self, task: Task, loop: Loop) -> None:
        """Hand this over as soon as somebody is free; wake the loop when all are put."""
        self.in_flight += 1
        self.served += 1
        self._queue.append(task)
        if not self._has_started:
            self._has_started = True
            for _ in range(self.transport.connections):
                loop.start(self._work())

    def take_back(self, keep: int = 0) -> list[Task]:
        """What was put last and nobody has begun, but for so many: the last first."""
        found: list[Task] = []
        with suppress(IndexError):  # somebody began the last one
            while len(self._queue) > keep:
                found.append(self._queue.pop())
        self.in_flight -= len(found)
        self.served -= len(found)
        return found

    def end(self) -> None:
        """Let the workers go when they have done what they have begun."""
        self._is_over = True

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits for a worker."""
        return not self._queue

    def _pop(self) -> Task | None:
        """The task that waits longest, unless it was taken back meanwhile."""
        try:
            return self._queue.popleft()
        except IndexError:
            return None

    def _work(self) -> Work[None]:
        """Serve until told to end, or until no session can be had."""
        while True:
            worker = _Worker(self)
            try:
                yield from worker.serve()
            except FileError as error:
                self._fail(worker.task, error, is_last=False)
            except (PartworkError, OSError) as error:
                self._fail(worker.task, error, is_last=True)
                return
            except Exception as error:  # a fault of ours: told by who waits for the result
                self._fail(worker.task, error, is_last=True)
                return
            else:
                return

    def _fail(self, task: Task | None, error: Exception, *, is_last: bool) -> None:
        if task is not None:
            self._done(Result(task, self, None, error, is_last=is_last))

    def wait(self) -> Work[Task | None]:
        """The next task that is still wanted, waited for; None when there are no more."""
        while (task := self.next()) is None and not self._is_over:
            yield Idle(self._has_news)
        return task

    def _has_news(self) -> bool:
        return bool(self._queue) or self._is_over

    def next(self) -> Task | None:
        """The next task that is still wanted; None when there is none now."""
        while (task := self._pop()) is not None and not self.is_wanted(task):
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
        self._queue.appendleft(task)


class _Worker:
    """The work over a session: each message is made while the one before is under way."""

    def __init__(self, route: Route) -> None:
        self.task: Task | None = None
        """What is being handed over."""
        self._route = route

    def serve(self) -> Work[None]:
        """Hand over one task after the other, until there are no more."""
        self.task = yield from self._route.wait()
        if self.task is None:
            return
        session = self._route.transport.session()
        message: Message | None = None
        while self.task is not None:
            message = message or self._made(self.task)
            following, ahead = self._peek() if message is not None else (None, None)
            if message is not None:
                yield from self._send(session, self.task, message, following, ahead)
            self.task, message = following, ahead
            if self.task is None:
                self.task = yield from self._route.wait()
        yield from session.farewell()

    def _made(self, task: Task) -> Message | None:
        if not self._route.is_wanted(task):
            self._route.tell(task, None)
            return None
        return self._route.message(task)

    def _peek(self) -> tuple[Task | None, Message | None]:
        """The next task and its message, if one is there already."""
        task = self._route.next()
        message = self._route.message(task) if task is not None else None
        return (task, message) if message is not None else (None, None)

    def _send(
        self,
        session: Session,
        task: Task,
        message: Message,
        following: Task | None,
        ahead: Message | None,
    ) -> Work[None]:
        if not self._route.is_wanted(task):
            self._route.tell(task, None)
            return
        try:
            reply = yield from session.transaction(message, task.lease.intend, ahead)
        except BaseException:
            if following is not None:
                self._route.put_back(following)
            raise
        if reply.after_dot and 200 <= reply.code < 300:  # noqa: PLR2004 -- RFC 5321 section 4.2.1
            task.lease.accept(message)
        self._route.tell(task, reply)

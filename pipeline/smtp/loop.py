"""Many sessions in one thread: who waits for a server keeps nobody waiting.

With a thread for each session they spend most of their time handing the interpreter to each other.
Here a worker is a chain of steps (`pipeline.smtp.steps`); it goes on until it would have to wait,
and then another one does. Only connections are opened elsewhere, in threads of their own, for names
are looked up, and keys agreed on, by calls that block.
"""

from __future__ import annotations

import errno
import selectors
import smtplib
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any

from pipeline.errors import RelayError
from pipeline.smtp.session import BROKEN, cause, todo
from pipeline.smtp.steps import Give, Hear, Idle, Open, Step, Work
from pipeline.smtp.wire import Wire

_LATER = object()
"""What a step comes to that has to be waited for."""


class _Worker:
    """A chain of steps, and what it waits for."""

    def __init__(self, steps: Work[None]) -> None:
        self.steps = steps
        self.step: Step | Idle | None = None
        self.rest = memoryview(b"")
        """What is still to be sent of what it gave."""
        self.until = float("inf")
        """By the monotonic clock: when it is not waited for any longer."""
        self.watched: socket.socket | None = None
        self.events = 0


class Loop:
    """One thread, and the workers that it serves."""

    def __init__(self) -> None:
        """A loop without workers.

        Raises:
            RelayError: This user may not have more files open.
        """
        self.fault: BaseException | None = None
        """Why it ended before its time: a fault of ours."""
        self._thread = threading.Thread(target=self._run, name="relays", daemon=True)
        try:
            self._selector = selectors.DefaultSelector()
            self._here, self._there = socket.socketpair()
        except OSError as error:
            raise RelayError("connections", cause(error), todo(error)) from error
        self._here.setblocking(False)
        self._there.setblocking(False)
        self._selector.register(self._here, selectors.EVENT_READ)
        self._new: deque[_Worker] = deque()
        self._opened: deque[tuple[_Worker, Open, Wire | None, Exception | None]] = deque()
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._earliest = float("inf")
        """Nobody's time is over before this moment."""
        self._is_ending = self._is_broken_off = False

    # For other threads

    def start(self, steps: Work[None]) -> None:
        """Take on a worker, and begin with the first one."""
        self._new.append(_Worker(steps))
        if self._thread.ident is None:
            self._thread.start()
        self.wake()

    def wake(self) -> None:
        """Let everybody who is idle look again, and the new ones begin."""
        with suppress(OSError):  # so often that it is full, or all is over
            self._there.send(b"\0")

    def end(self) -> None:
        """Let the thread end when no worker is left."""
        self._is_ending = True
        if self._thread.ident is None:
            self._close()
        self.wake()

    @property
    def is_busy(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    def abort(self, patience: float) -> None:
        """Break off what is still under way: who waits for an answer gets none.

        Args:
            patience: Seconds in which workers may still say what became of their messages.
        """
        self._is_broken_off = True
        self.wake()
        if self._thread.ident is not None:
            self._thread.join(patience)

    # Its own thread

    def _run(self) -> None:
        try:
            while self._new or self._workers or not self._is_ending:
                self._turn()
        except BaseException as fault:
            self.fault = fault
        finally:
            self._close()

    def _close(self) -> None:
        self._selector.close()
        self._here.close()
        self._there.close()

    def _turn(self) -> None:
        """Wait for something to happen, and let those go on who waited for it."""
        patience = self._earliest - time.monotonic()
        for key, _ in self._selector.select(None if patience == float("inf") else patience):
            if key.data is None:
                self._look_up()
            else:
                self._answer(key.data)
        if time.monotonic() >= self._earliest:
            self._end_waits()

    def _look_up(self) -> None:
        """See what other threads want."""
        with suppress(BlockingIOError):
            while self._here.recv(4096):
                pass
        while self._new:
            worker = self._new.popleft()
            self._workers.add(worker)
            self._go_on(worker)
        while self._opened:
            self._take_over(*self._opened.popleft())
        if self._is_broken_off:
            self._break_off()
        self._rouse()

    def _break_off(self) -> None:
        """Whoever waits for a server waits no longer."""
        for worker in tuple(self._workers):
            if not isinstance(worker.step, Idle):
                self._go_on(worker, error=_broken_off())

    def _rouse(self) -> None:
        """Let those go on who have something to do, the last to rest first: servers know them."""
        for worker in reversed(tuple(self._idle)):
            if isinstance(worker.step, Idle) and worker.step.is_over():
                self._idle.remove(worker)
                self._go_on(worker)

    def _end_waits(self) -> None:
        """Tell those whose time is over."""
        now = time.monotonic()
        for worker in [one for one in self._workers if one.until <= now]:
            self._go_on(worker, error=TimeoutError())
        self._earliest = min((one.until for one in self._workers), default=float("inf"))

    def _go_on(self, worker: _Worker, said: Any = None, error: BaseException | None = None) -> None:
        """Tell a worker what came of its step, and let it go on until it has to wait again."""
        while said is not _LATER:
            worker.until = float("inf")
            try:
                step = worker.steps.send(said) if error is None else worker.steps.throw(error)
            except StopIteration:
                self._forget(worker)
                return
            worker.step, error = step, None
            try:
                said = self._attempt(worker, step)
            except BROKEN as failed:
                error = failed

    def _attempt(self, worker: _Worker, step: Step | Idle) -> Any:
        """What comes of a step, if it need not be waited for."""
        if isinstance(step, Idle):
            return self._rest(worker, step)
        if self._is_broken_off:
            raise _broken_off()
        if isinstance(step, Hear):
            return self._hear(worker, step)
        if isinstance(step, Give):
            return self._give(worker, step)
        return self._open(worker, step)

    def _rest(self, worker: _Worker, step: Idle) -> Any:
        if step.is_over():
            return None
        self._idle.append(worker)
        return _LATER

    def _hear(self, worker: _Worker, step: Hear) -> Any:
        wire = step.wire
        while (said := wire.take()) is None:
            if not (wire.has_more and wire.pull()):
                self._wait(worker, wire, step.seconds, selectors.EVENT_READ)
                return _LATER
        return said

    def _give(self, worker: _Worker, step: Give) -> Any:
        wire, data = step
        sent = wire.push(data)
        if sent == len(data):
            return None
        worker.rest = memoryview(data)[sent:]
        self._wait(worker, wire, wire.timeout, wire.wants)
        return _LATER

    def _open(self, worker: _Worker, step: Open) -> Any:
        """Have a connection opened by a thread of its own: it ends by the deadlines of its own."""

        def work() -> None:
            wire, error = None, None
            try:
                wire = step.open()
            except Exception as failed:
                error = failed
            self._opened.append((worker, step, wire, error))
            self.wake()

        try:
            threading.Thread(target=work, name="connecting", daemon=True).start()
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, "no thread can be had to connect") from error
        return _LATER

    def _take_over(
        self, worker: _Worker, step: Open, wire: Wire | None, error: Exception | None
    ) -> None:
        """Hand a connection to whoever wanted it, if they still do."""
        if worker.step is not step:
            if wire is not None:
                wire.close()
        elif wire is not None and wire.sock is not None:
            wire.sock.setblocking(False)
            self._go_on(worker, wire)
        else:
            self._go_on(worker, error=error or ConnectionAbortedError())

    def _answer(self, worker: _Worker) -> None:
        """Something has come, or may be sent: as far as it was waited for."""
        step = worker.step
        try:
            if isinstance(step, Hear):
                said = self._heard(worker, step)
            elif isinstance(step, Give):
                said = self._given(worker, step)
            else:  # nobody waits for this connection: what it says is read with the next step
                self._unwatch(worker)
                return
        except BROKEN as error:
            self._go_on(worker, error=error)
            return
        if said is not _LATER:
            self._go_on(worker, said)

    def _heard(self, worker: _Worker, step: Hear) -> Any:
        wire = step.wire
        while wire.pull():
            if (said := wire.take()) is not None:
                return said
        self._watch(worker, wire, wire.wants)
        return _LATER

    def _given(self, worker: _Worker, step: Give) -> Any:
        sent = step.wire.push(worker.rest)
        worker.rest = worker.rest[sent:]
        if not worker.rest:
            return None
        self._watch(worker, step.wire, step.wire.wants)
        return _LATER

    # What is waited for

    def _wait(self, worker: _Worker, wire: Wire, seconds: float, events: int) -> None:
        worker.until = time.monotonic() + seconds
        self._earliest = min(self._earliest, worker.until)
        self._watch(worker, wire, events)

    def _watch(self, worker: _Worker, wire: Wire, events: int) -> None:
        sock = wire.sock
        if worker.watched is sock and worker.events == events:
            return
        self._unwatch(worker)
        if sock is None:
            raise smtplib.SMTPServerDisconnected("connection closed")
        try:
            self._selector.register(sock, events, worker)
        except KeyError:  # its number was that of a connection that somebody else has closed
            self._selector.unregister(sock)
            self._selector.register(sock, events, worker)
        worker.watched, worker.events = sock, events

    def _unwatch(self, worker: _Worker) -> None:
        sock, worker.watched, worker.events = worker.watched, None, 0
        if sock is not None:
            with suppress(KeyError, ValueError):  # it was closed, and its number is another's now
                self._selector.unregister(sock)

    def _forget(self, worker: _Worker) -> None:
        worker.step = None
        self._unwatch(worker)
        self._workers.discard(worker)


def _broken_off() -> ConnectionAbortedError:
    return ConnectionAbortedError(errno.ECONNABORTED, "broken off")

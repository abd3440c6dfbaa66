"""The steps of a session: what it has to wait for, as values.

A transaction is written down once, as a generator that yields what it wants next and is given what
came of it. `finish` waits for each step; a `Loop` serves other sessions meanwhile. Neither knows
what the steps are for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeVar

from pipeline.smtp.wire import Said, Wire

T = TypeVar("T")


class Give(NamedTuple):
    """All of this is to be sent, within the timeout of its connection."""

    wire: Wire
    data: bytes

    def wait(self) -> None:
        """Send it.

        Raises:
            OSError: It could not be sent in time.
        """
        self.wire.give(self.data)


class Hear(NamedTuple):
    """The next reply is wanted, within so many seconds."""

    wire: Wire
    seconds: float

    def wait(self) -> Said:
        """Wait for it.

        Raises:
            OSError: It did not come in time.
            smtplib.SMTPServerDisconnected: The server has hung up.
        """
        return self.wire.reply(self.seconds)


class Open(NamedTuple):
    """A new connection is wanted."""

    open: Callable[[], Wire]

    def wait(self) -> Wire:
        """Open it; raises what that raises."""
        return self.open()


class Idle(NamedTuple):
    """There is nothing to do until this is true; asked whenever the loop is woken."""

    is_over: Callable[[], bool]


Step = Give | Hear | Open
Steps = Generator[Step, Any, T]
"""Steps that come to a value."""

Work = Generator[Step | Idle, Any, T]
"""Steps and rests: what a loop serves."""


def finish(steps: Steps[T]) -> T:
    """What these steps come to; each is waited for here and now."""
    said: Any = None
    error: BaseException | None = None
    while True:
        try:
            step = steps.send(said) if error is None else steps.throw(error)
        except StopIteration as end:
            found: T = end.value
            return found
        said = error = None
        try:
            said = step.wait()
        except BaseException as failed:
            error = failed

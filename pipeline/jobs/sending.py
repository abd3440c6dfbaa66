"""Whether this copy of the site may send: the first may, any other when its operator says so.

A database that was copied, restored or moved still holds readers and what is due to them. Until the
copy is confirmed it mails nobody, tells nobody and takes nobody's bounces; it releases and
publishes, which stays on its own machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from pipeline import store
from pipeline.errors import UsageError
from pipeline.jobs.desk import Desk
from pipeline.model import Instance

TODO = "if this copy of the site is to send, run `partwork instance confirm`"

EARLIEST, LATEST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""A clock that says anything else is wrong."""


def check_clock(now: datetime) -> None:
    """Release and send nothing at a moment that cannot be: all would be late, or nothing due.

    Raises:
        UsageError: A machine whose battery is empty says 1970; one that overflowed says 2106.
    """
    if not EARLIEST <= now < LATEST:
        said = f"the clock says {now:%Y-%m-%d}, so nothing was released or sent"
        raise UsageError(said, "set the clock of this machine")


def allowed(desk: Desk) -> tuple[Desk, str]:
    """The desk as it may be worked with, and why it reaches nobody: empty where it does.

    The first copy that has somebody to reach is the one that may.

    Raises:
        FileError: The file by which this copy is known cannot be made or read.
    """
    if not _reaches(desk):
        return desk, ""
    _begin(desk)
    why = lock(desk)
    if not why:
        return desk, ""
    transports = desk.transports if desk.is_local else ()
    return replace(desk, transports=transports, hub=None, hooks=(), inboxes=()), why


def lock(desk: Desk) -> str:
    """Why this copy may not send, a line for people; empty if it may. Nothing is changed.

    Raises:
        FileError: The file by which this copy is known cannot be made or read.
    """
    if not _reaches(desk):
        return ""
    here = desk.place.instance()
    with desk.store.read() as tx:
        why = differs(here, store.instances.every(tx))
    return f"nothing leaves this machine: {why}; {TODO}" if why else ""


def _reaches(desk: Desk) -> bool:
    """Whether anything leaves this machine, or is taken from a mailbox that others read too."""
    sends = bool(desk.transports) and not desk.is_local
    return sends or desk.hub is not None or bool(desk.hooks) or bool(desk.inboxes)


def _begin(desk: Desk) -> None:
    """The first copy may send."""
    with desk.store.read() as tx:
        if store.instances.every(tx):
            return
    here = desk.place.instance()
    with desk.store.write() as tx:
        if not store.instances.every(tx):
            store.instances.save(tx, here, desk.clock())


def differs(here: Instance, known: tuple[Instance, ...]) -> str:
    """In what this copy is not one of those that may send; empty if it is one, or the first."""
    was = next((one for one in known if one.name == here.name), None)
    if was is None:
        last = known[0].host or known[0].name if known else ""
        return f"the database is that of another copy of the site, {last}" if last else ""
    told = (
        (was.base_url != here.base_url, f"[site] base_url was {was.base_url}, is {here.base_url}"),
        (was.host != here.host, f"the site was on {was.host}, is on {here.host}"),
        (was.file != here.file, "the folder var/ was copied or restored"),
        (was.mark < here.mark, "the database is older than what was sent from here"),
    )
    return next((said for is_other, said in told if is_other), "")


@contextmanager
def counted(desk: Desk) -> Iterator[None]:
    """Note that something is about to be sent, and was: a database from before is known by it.

    Raises:
        FileError: The file by which this copy is known cannot be written.
    """
    if desk.is_local:
        yield
        return
    _advance(desk)
    yield
    _advance(desk)


def _advance(desk: Desk) -> None:
    name = desk.place.instance().name
    with desk.store.write() as tx:
        mark = store.instances.advance(tx, name)
    desk.place.remember(mark)

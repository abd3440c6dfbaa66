"""The leases of one sender: each a name in the ledger and a journal beside it."""

from __future__ import annotations

from pipeline import journal
from pipeline.jobs.desk import Desk
from pipeline.model import Message

LEASE_SIZE = 5_000
"""Deliveries under one lease, after which another begins and its journal can be deleted."""


class Lease:
    """Deliveries that were claimed together, and the journal of what became of them."""

    def __init__(self, name: str, book: journal.Journal) -> None:
        self.name = name
        self.claimed = 0
        """How many deliveries it was used for."""
        self.outstanding = 0
        """Of how many of them the ledger does not know yet what became."""
        self._book = book

    def intend(self, message: Message) -> None:
        """Note that this message is about to be handed over.

        Raises:
            FencedError: Somebody took the lease over.
        """
        self._book.intend(message.message_id)

    def accept(self, message: Message) -> None:
        """Note that it was taken."""
        self._book.accept(message.message_id)

    @property
    def room(self) -> int:
        """For how many more deliveries it can be used."""
        return LEASE_SIZE - self.claimed

    def close(self) -> None:
        """End it: without a trace if the ledger knows all."""
        if self.outstanding:
            self._book.close()
        else:
            self._book.discard()


class Leases:
    """All leases of a sender that are in use."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._count = 0
        self._open: list[Lease] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Of those in use."""
        return tuple(one.name for one in self._open)

    def current(self) -> Lease:
        """The one for the next claim.

        Raises:
            FileError: Its journal cannot be made.
        """
        if not self._open or not self._open[-1].room:
            self._count += 1
            name = f"{self._desk.sender}-{self._count}"
            now = self._desk.clock()
            book = journal.create(self._desk.journals, name, LEASE_SIZE, now)
            self._open.append(Lease(name, book))
        return self._open[-1]

    def tidy(self) -> None:
        """Let go of those of which the ledger knows all."""
        for one in self._open[:-1]:
            if not one.outstanding:
                one.close()
                self._open.remove(one)

    def close(self) -> None:
        """End all of them."""
        for one in self._open:
            one.close()
        self._open.clear()

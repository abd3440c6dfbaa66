"""The desk: what every job works with, as values; `pipeline.app` makes it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from pipeline.dkim import Signer
from pipeline.mail import CLIENTS
from pipeline.model import CatchUp, DeliveryState, Message, Reply, Site
from pipeline.related import Ranker
from pipeline.store import Store
from pipeline.template import Templates
from pipeline.trust import Rule


class Session(Protocol):
    """Somewhere that takes messages, one after the other."""

    def send(self, message: Message) -> Reply:
        """What was said to this message."""


class Transport(Protocol):
    """A way for messages to leave: a relay or a Maildir."""

    def connect(self) -> AbstractContextManager[Session]:
        """A session, closed at the end."""


class Hub(Protocol):
    """Somebody who tells subscribers that a feed has changed."""

    def ping(self, topic: str) -> None:
        """Tell it of a feed by its URL; raises HubError."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A site that is open for work."""

    site: Site
    store: Store
    templates: Templates
    content: Path
    """The folder of guides."""
    feeds: Path
    """The folder that feeds and pages are published in."""
    edition: str
    """Another whenever the program, its templates or the settings of the site are."""
    transport: Transport
    abandoned: DeliveryState
    """What becomes of a delivery whose sender vanished: pending where sending twice is harmless."""
    secret: bytes
    clock: Callable[[], datetime]
    sender: str
    """Who leases deliveries: unique to this process."""
    mint: Callable[[], str]
    """A new permanent id for a section: a tag URI (RFC 4151)."""
    cadence: str
    """For guides that declare none."""
    catch_up: CatchUp
    max_late: timedelta
    links: int = 3
    """How many related links a part carries at most."""
    clients: tuple[str, ...] = CLIENTS
    """The mail programs that mail is linted for."""
    allowed: tuple[str, ...] = ()
    """Features that may be used though some of these do not know them."""
    signer: Signer | None = None
    """Signs each message; None where the relay does."""
    hub: Hub | None = None
    """Is told of every feed that changes."""
    ranker: Ranker | None = None
    """Scores pages in place of ours."""
    rules: tuple[Rule, ...] = ()
    """The lints that guides are held to."""
    is_stopping: Callable[[], bool] = lambda: False
    """Asked between messages: whether to settle and leave."""

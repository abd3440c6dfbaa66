"""The desk: what every job works with, as values; `pipeline.app` makes it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.delivery import Keys
from pipeline.dkim import Signer
from pipeline.instance import Place
from pipeline.mail import CLIENTS
from pipeline.model import CatchUp, Message, Reply, Site
from pipeline.store import Store
from pipeline.template import Templates
from pipeline.trust import Rule

if TYPE_CHECKING:
    from pipeline.related import Ranker


UNHEARD = Keys()
"""No mail provider is listened to."""


class Session(Protocol):
    """Somewhere that takes messages, one after the other."""

    def send(
        self,
        message: Message,
        before_dot: Callable[[Message], None] | None = None,
        following: Message | None = None,
    ) -> Reply:
        """What was said to this message; waited for.

        Args:
            message: Envelope and bytes.
            before_dot: Called when it is about to be handed over.
            following: What is sent next, as far as is known.
        """

    def transaction(
        self,
        message: Message,
        before_dot: Callable[[Message], None] | None = None,
        following: Message | None = None,
    ) -> Generator[Any, Any, Reply]:
        """The same as steps, for a loop that serves others meanwhile."""

    def farewell(self) -> Generator[Any, Any, None]:
        """The steps to its end."""


class Transport(Protocol):
    """A way for messages to leave: a relay or a Maildir."""

    @property
    def name(self) -> str:
        """How people know it."""

    @property
    def connections(self) -> int:
        """How many sessions there may be at once."""

    @property
    def rate(self) -> float:
        """Messages a second at most; 0: no limit."""

    @property
    def weight(self) -> float:
        """Its share of the messages, beside other ways."""

    @property
    def since(self) -> datetime | None:
        """When it began to be used, if it is to be warmed up."""

    def session(self) -> Session:
        """A session for a loop; what it needs is had with its first message."""

    def connect(self) -> AbstractContextManager[Session]:
        """A session that is open, closed at the end."""

    def forget(self, address: str) -> int:
        """Delete what it still holds of mail to this address; returns how many messages."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A group of domains that is served by the same people, and how much of our mail it takes."""

    name: str
    domains: tuple[str, ...]
    rate: float = 0.0
    """Messages a second at most; 0: no limit."""
    connections: int = 0
    """How many messages may be under way at once; 0: no limit."""


class Inbox(Protocol):
    """A mailbox that mail comes back to."""

    def take(self) -> Iterable[bytes]:
        """Each message once; raises PartworkError."""


class Hub(Protocol):
    """Somebody who tells subscribers that a feed has changed."""

    def ping(self, topic: str) -> None:
        """Tell it of a feed by its URL; raises HubError."""


class Answer(Protocol):
    """What another program answered."""

    @property
    def status(self) -> int:
        """Of HTTP."""

    @property
    def reason(self) -> str:
        """In words."""


class Hook(Protocol):
    """A program that wants to know what happens."""

    @property
    def name(self) -> str:
        """As in the settings."""

    @property
    def events(self) -> frozenset[str]:
        """The types that it wants; none: all."""

    def call(self, name: str, at: int, body: bytes) -> Answer:
        """Tell it of an event; raises CallError."""


class Helper(Protocol):
    """Another process that sends what is due in the same site."""

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""

    def stop(self) -> None:
        """Let it settle what is under way, and end."""

    def told(self) -> Mapping[str, Any]:
        """What it did, once it has ended: `states`, `problems` and `is_unfinished`."""


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
    transports: tuple[Transport, ...]
    """Where mail goes: whichever of them works, shared out by weight."""
    place: Place
    """Where this copy of the site lives; see `pipeline.jobs.sending`."""
    is_local: bool
    """Whether mail stays on this machine, in a Maildir."""
    resends: bool
    """Whether what may have arrived is sent again, under the same Message-ID."""
    journals: Path
    """The folder of intent journals."""
    secret: bytes
    """Of Message-IDs, and of the tokens that are made now."""
    clock: Callable[[], datetime]
    sender: str
    """Who leases deliveries: unique to this process."""
    mint: Callable[[], str]
    """A new permanent id for a section: a tag URI (RFC 4151)."""
    cadence: str
    """For guides that declare none."""
    catch_up: CatchUp
    max_late: timedelta
    former_secrets: tuple[bytes, ...] = ()
    """Of tokens that were made before; they are good still."""
    inboxes: tuple[Inbox, ...] = ()
    """Where bounces and complaints are read."""
    providers: Keys = UNHEARD
    """By what the reports of mail providers are known to be theirs."""
    hooks: tuple[Hook, ...] = ()
    """Programs that are told what happens."""
    destinations: tuple[Destination, ...] = ()
    """Groups of domains; all that are in none are another one."""
    lease: timedelta = timedelta(minutes=15)
    """After which a sender that has not renewed its leases is not waited for any more."""
    longest_pass: timedelta | None = None
    """After which a pass that still has mail to send ends, so that another may release; None: the
    pass ends when nothing is due."""
    signups_an_hour: int = 500
    """How many letters that ask to confirm go out in an hour at most."""
    hire: Callable[[timedelta | None], Helper] | None = None
    """Begins another sender, for a pass of this length at most."""
    helpers: int = 0
    """How many more processes send a large issue."""
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

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The key ring of tokens: the first signs."""
        return (self.secret, *self.former_secrets)

    @property
    def groups(self) -> dict[str, str]:
        """Domain -> the name of the group of domains that it is in."""
        return {domain: one.name for one in self.destinations for domain in one.domains}

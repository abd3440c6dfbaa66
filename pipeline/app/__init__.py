"""The composition root: settings in, a desk out; the only place that knows both."""

from __future__ import annotations

import gc
import hashlib
import os
import re
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipeline import config, content, wording
from pipeline.app.beginning import init_site
from pipeline.app.helping import hiring
from pipeline.app.keys import hooks_of, new_key, new_webhook_secret, providers_of, secret_of, signer
from pipeline.calls import Hub
from pipeline.config import Settings
from pipeline.errors import FileError, UsageError
from pipeline.inbox import BounceOptions, Imap, Maildir
from pipeline.instance import Place
from pipeline.jobs import Desk, Destination, Inbox, Transport
from pipeline.maildir import Outbox
from pipeline.model import Picture, Site
from pipeline.smtp import Relay
from pipeline.store import open_store
from pipeline.template import Templates
from pipeline.trust import read_rules

if TYPE_CHECKING:
    from pipeline.related import Ranker

__all__ = [
    "App",
    "clock",
    "init_site",
    "moment",
    "new_key",
    "new_webhook_secret",
    "open_site",
    "signer",
]

OURS = "fields"
RANKERS = "partwork.rankers"
"""The group of entry points in which packages offer rankers (see `pipeline.related.Ranker`)."""

INSTANCE_FILE = Path("var/instance")
JOURNALS = Path("var/journal")


@dataclass(frozen=True, slots=True)
class App:
    """A site that is open: its folder, its settings, and the desk that jobs work with."""

    folder: Path
    settings: Settings
    desk: Desk

    @property
    def outbox(self) -> Outbox | None:
        """The Maildir, when mail goes there."""
        first = self.desk.transports[0]
        return first if isinstance(first, Outbox) else None


def clock() -> datetime:
    """The present moment: the one place in the product where a clock is read."""
    return datetime.now(UTC)  # noqa: TID251 -- everyone else takes `now` as an argument


def moment(said: str, zone: str) -> datetime:
    """The moment that an ISO 8601 text names; without an offset it is meant in this zone.

    Raises:
        UsageError: It names none.
    """
    try:
        found = datetime.fromisoformat(said)
    except ValueError as error:
        raise UsageError(f"{said!r} is not a date and time", "write 2026-03-09T09:00") from error
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


@contextmanager
def open_site(folder: Path, at: str | None = None) -> Iterator[App]:
    """A site's app, closed at the end.

    Args:
        folder: The folder that holds partwork.toml.
        at: A simulated moment at which the clock stands, in ISO 8601; without an offset it is
            meant in the site's zone. Mail then stays on this machine.

    Raises:
        FileError: The folder is not a site's.
        ConfigError: Settings do not fit.
        StoreError: The database cannot be opened.
        UsageError: The clock is simulated and mail would leave the machine.
    """
    settings = config.load(folder)
    now = moment(at, settings.site.zone) if at is not None else None
    if now is not None and settings.transport == "smtp" and not settings.smtp.is_loopback:
        raise UsageError(
            f"with --now nothing is sent through {settings.smtp.host}",
            'leave --now out, or set PARTWORK_MAIL__TRANSPORT="maildir"',
        )
    os.environ.setdefault("PREMAILER_CACHE_MAXSIZE", "8192")  # its 128 thrash: 79 ms for 19 ms
    gc.set_threshold(100_000, 50, 50)  # trees are many objects, hardly a cycle: a third of `check`
    desk = _desk(folder, settings, (lambda: now) if now is not None else clock)
    try:
        yield App(folder, settings, desk)
    finally:
        desk.store.close()


def _desk(folder: Path, settings: Settings, tell: Callable[[], datetime]) -> Desk:
    sources = content.read_templates(folder)
    site = replace(
        settings.as_site(),
        logo=_logo(folder, settings.site.logo),
        catalogues=wording.read_catalogues(sources),
    )
    rule_files = content.read_rules(folder)
    rules, wrong = read_rules(rule_files)
    if wrong:
        raise UsageError("\n".join(map(str, wrong)))
    return Desk(
        site=site,
        store=open_store(settings.store, folder),
        templates=Templates(sources),
        edition=_edition(site, sources | dict(rule_files)),
        content=folder / "content",
        feeds=folder / "feeds",
        transports=_transports(folder, settings, site.host),
        place=Place(folder / INSTANCE_FILE, site.base_url, settings.site.instance),
        is_local=settings.transport == "maildir",
        resends=settings.transport == "maildir" or settings.delivery.uncertain == "resend",
        journals=folder / JOURNALS,
        inboxes=_inboxes(folder, settings.bounces),
        destinations=tuple(
            Destination(one.name, one.domains, one.rate, one.connections)
            for one in settings.all_destinations
        ),
        secret=secret_of(folder, settings),
        clock=tell,
        sender=_sender(),
        mint=lambda: f"tag:{site.list_domain},{tell():%Y-%m-%d}:{uuid.uuid4()}",
        cadence=settings.schedule.cadence,
        catch_up=settings.schedule.catch_up,
        max_late=settings.schedule.max_late,
        former_secrets=tuple(
            one.get_secret_value().encode() for one in settings.site.former_secrets
        ),
        hire=hiring(folder) if tell is clock else None,
        helpers=settings.delivery.processes - 1,
        signups_an_hour=settings.web.signups_an_hour,
        links=settings.related.links,
        clients=settings.mail.clients,
        allowed=settings.mail.allow,
        signer=signer(folder, settings),
        hub=_hub(settings.web.hub, is_simulated=tell is not clock),
        hooks=hooks_of(folder, settings, is_simulated=tell is not clock),
        providers=providers_of(folder, settings.bounces),
        ranker=_ranker(settings.related.ranker),
        rules=rules,
    )


def _sender() -> str:
    """Who leases deliveries: this process, in letters that may stand in a file name."""
    host = re.sub(r"[^A-Za-z0-9.]+", "-", socket.gethostname())[:40].strip(".-")
    return f"{host or 'host'}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def _edition(site: Site, files: Mapping[str, str]) -> str:
    """A digest of all that decides how guides are read and shown, but for the guides."""
    package = Path(__file__).parents[1]
    program = sorted(
        (str(path.relative_to(package)), path.stat().st_size, path.stat().st_mtime_ns)
        for path in package.rglob("*.py")
    )
    said = repr((site, sorted(files.items()), program))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _transports(folder: Path, settings: Settings, host: str) -> tuple[Transport, ...]:
    if settings.transport == "maildir":
        return (Outbox(folder / settings.mail.outbox),)
    share = settings.delivery.processes
    relays = (replace(one, connections=one.connections // share) for one in settings.all_relays)
    return tuple(Relay(one, hello=host, folder=folder) for one in relays)


def _inboxes(folder: Path, options: BounceOptions) -> tuple[Inbox, ...]:
    found: list[Inbox] = []
    if options.maildir:
        found.append(Maildir(folder / options.maildir))
    if options.imap_host:
        found.append(Imap(options, folder))
    return tuple(found)


def _logo(folder: Path, name: str) -> Picture | None:
    """The picture of this name in the content folder; None if none is set.

    Raises:
        FileError: It is not there, or cannot be shown.
    """
    if not name:
        return None
    path = folder / "content" / name
    found = content.picture(folder / "content", path)
    if found is None or found.problem:
        said = f"[site] logo: {found.problem if found else 'no such file'}"
        raise FileError(str(path), said, "put a PNG there, or leave logo out")
    return found


def _hub(url: str, *, is_simulated: bool) -> Hub | None:
    """The hub, unless there is none, or the clock is simulated and it is not this machine."""
    if not url:
        return None
    hub = Hub(url)
    return None if is_simulated and not hub.is_loopback else hub


def _ranker(name: str) -> Ranker | None:
    """The ranker of this name among the plug-ins that are installed; None is ours.

    Raises:
        UsageError: No installed package has it, or it cannot be loaded.
    """
    if name == OURS:
        return None
    known = {one.name: one for one in entry_points(group=RANKERS)}
    if name not in known:
        names = ", ".join((OURS, *sorted(known)))
        raise UsageError(f"[related] ranker {name!r} is not installed", f"known: {names}")
    try:
        found: Ranker = known[name].load()
    except Exception as error:
        what = f"[related] ranker {name!r} cannot be loaded ({error})"
        raise UsageError(what, "mend or remove the package") from error
    return found

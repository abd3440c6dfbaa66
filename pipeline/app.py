"""The composition root: settings in, a desk out; the only place that knows both."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipeline import config, content, dkim, wording
from pipeline.calls import Hook, Hub, fetch
from pipeline.config import Settings
from pipeline.delivery import Keys
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

OURS = "fields"
RANKERS = "partwork.rankers"
"""The group of entry points in which packages offer rankers (see `pipeline.related.Ranker`)."""

MIN_WEBHOOK_KEY = 24
"""Octets (Standard Webhooks 1.0.0 wants 24 to 64)."""

SECRET_FILE = Path("var/secret")
INSTANCE_FILE = Path("var/instance")
JOURNALS = Path("var/journal")

INIT_FILES = {
    "partwork.toml": config.FILE_NAME,
    "guide.md": "content/how-a-serial-works.md",
    "gitignore": ".gitignore",
}
"""What a new site is made of, by name in `templates/init/`."""


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
        secret=_secret(folder, settings),
        clock=tell,
        sender=_sender(),
        mint=lambda: f"tag:{site.list_domain},{tell():%Y-%m-%d}:{uuid.uuid4()}",
        cadence=settings.schedule.cadence,
        catch_up=settings.schedule.catch_up,
        max_late=settings.schedule.max_late,
        former_secrets=tuple(
            one.get_secret_value().encode() for one in settings.site.former_secrets
        ),
        signups_an_hour=settings.web.signups_an_hour,
        links=settings.related.links,
        clients=settings.mail.clients,
        allowed=settings.mail.allow,
        signer=signer(folder, settings),
        hub=_hub(settings.web.hub, is_simulated=tell is not clock),
        hooks=_hooks(folder, settings, is_simulated=tell is not clock),
        providers=_providers(folder, settings.bounces),
        ranker=_ranker(settings.related.ranker),
        rules=rules,
    )


def _sender() -> str:
    """Who leases deliveries: this process, in letters that may stand in a file name."""
    host = re.sub(r"[^A-Za-z0-9.]+", "-", socket.gethostname())[:40].strip(".-")
    return f"{host or 'host'}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def _edition(site: Site, files: Mapping[str, str]) -> str:
    """A digest of all that decides how guides are read and shown, but for the guides."""
    package = Path(__file__).parent
    program = sorted(
        (str(path.relative_to(package)), path.stat().st_size, path.stat().st_mtime_ns)
        for path in package.rglob("*.py")
    )
    said = repr((site, sorted(files.items()), program))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _transports(folder: Path, settings: Settings, host: str) -> tuple[Transport, ...]:
    if settings.transport == "maildir":
        return (Outbox(folder / settings.mail.outbox),)
    return tuple(Relay(one, hello=host, folder=folder) for one in settings.all_relays)


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


def signer(folder: Path, settings: Settings) -> dkim.Signer | None:
    """Who signs messages; None if no key is set. The domain is that of the sender, as DMARC wants.

    Raises:
        FileError: A key file cannot be read, or holds no key that will do.
    """
    keys = []
    for selector, name in settings.dkim.keys:
        path = folder / name
        try:
            pem = path.read_bytes()
        except OSError as error:
            todo = "make it readable, or make one with `partwork dkim new`"
            raise FileError(str(path), error.strerror or str(error), todo) from error
        keys.append(dkim.read_key(pem, selector, str(path)))
    domain = settings.site.sender.rpartition("@")[2]
    return dkim.Signer(domain, tuple(keys)) if keys else None


def new_key(folder: Path, kind: dkim.KeyKind, selector: str) -> tuple[Path, dkim.Key]:
    """A new key for signing, in a file that only its owner can read.

    Raises:
        FileError: There is a file of that name, or it cannot be written.
    """
    path = folder / "var" / "dkim" / f"{selector}.pem"
    pem = dkim.make_key(kind)
    key = dkim.read_key(pem, selector, str(path))
    _write_new(path, pem)
    return path, key


def _write_new(path: Path, raw: bytes) -> None:
    """Write a file that was not there, and that only its owner can read."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
    except OSError as error:
        todo = "choose another name, or take the old file away"
        raise FileError(str(path), error.strerror or str(error), todo) from error


def _hub(url: str, *, is_simulated: bool) -> Hub | None:
    """The hub, unless there is none, or the clock is simulated and it is not this machine."""
    if not url:
        return None
    hub = Hub(url)
    return None if is_simulated and not hub.is_loopback else hub


def _hooks(folder: Path, settings: Settings, *, is_simulated: bool) -> tuple[Hook, ...]:
    """The programs to tell; with a simulated clock only those on this machine.

    Raises:
        FileError: A secret cannot be read.
        UsageError: It is none.
    """
    found = []
    for one in settings.webhooks:
        said = _read_secret(folder, one.secret_file, f"[[webhooks]] {one.name}: secret_file")
        hook = Hook(one.name, one.url, _webhook_key(said, one.name), frozenset(one.events))
        if hook.is_loopback or not is_simulated:
            found.append(hook)
    return tuple(found)


def _webhook_key(said: str, name: str) -> bytes:
    try:
        key = base64.b64decode(said.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) < MIN_WEBHOOK_KEY:
        what = f"[[webhooks]] {name}: its secret is not base64 of 24 octets or more"
        raise UsageError(what, "make one with `partwork webhook secret FILE`")
    return key


def new_webhook_secret(path: Path) -> str:
    """A new secret for a webhook, written into a file that only its owner can read.

    Raises:
        FileError: There is a file of that name, or it cannot be written.
    """
    said = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    _write_new(path, f"{said}\n".encode())
    return said


def _providers(folder: Path, options: BounceOptions) -> Keys:
    """By what the reports of mail providers are known."""

    def read(name: str, key: str) -> str:
        return _read_secret(folder, name, f"[bounces] {key}") if name else ""

    return Keys(
        ses_topics=options.ses_topics,
        postmark=read(options.postmark_password_file, "postmark_password_file"),
        mailgun=read(options.mailgun_key_file, "mailgun_key_file"),
        sendgrid=options.sendgrid_key,
        fetch=lru_cache(maxsize=8)(fetch),
    )


def _read_secret(folder: Path, name: str, where: str) -> str:
    path = folder / name
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "is not UTF-8"
        raise FileError(str(path), what, f"look at {where}") from error


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


def _secret(folder: Path, settings: Settings) -> bytes:
    """The secret of tokens and Message-IDs: as set, else made once and kept in var/."""
    said = settings.site.secret.get_secret_value()
    if said:
        return said.encode()
    path = folder / SECRET_FILE
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
        return path.read_text(encoding="ascii").strip().encode()
    except OSError as error:
        todo = "make it readable, or set PARTWORK_SITE__SECRET"
        raise FileError(str(path), error.strerror or str(error), todo) from error


def init_site(folder: Path) -> tuple[Path, ...]:
    """The files of a new site, made in this folder.

    Raises:
        UsageError: A site is there already.
        FileError: The folder cannot be written.
    """
    if (folder / config.FILE_NAME).exists():
        raise UsageError(f"{folder} is a site already", "choose another folder")
    source = content.product_templates() / "init"
    made = []
    try:
        for name in ("content", "templates", "feeds"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name, target in INIT_FILES.items():
            text = (source / name).read_text(encoding="utf-8")
            (folder / target).write_text(text, encoding="utf-8")
            made.append(folder / target)
    except OSError as error:
        raise FileError(str(folder), error.strerror or str(error), "choose another") from error
    return tuple(made)

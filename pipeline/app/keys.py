"""What only this site knows: keys that sign, secrets that others are known by, and their files."""

from __future__ import annotations

import base64
import os
import secrets
from functools import lru_cache
from pathlib import Path

from pipeline import dkim
from pipeline.calls import Hook, fetch
from pipeline.config import Settings
from pipeline.delivery import Keys
from pipeline.errors import FileError, UsageError
from pipeline.inbox import BounceOptions

MIN_WEBHOOK_KEY = 24
"""Octets (Standard Webhooks 1.0.0 wants 24 to 64)."""

SECRET_FILE = Path("var/secret")


def secret_of(folder: Path, settings: Settings) -> bytes:
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


def hooks_of(folder: Path, settings: Settings, *, is_simulated: bool) -> tuple[Hook, ...]:
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


def providers_of(folder: Path, options: BounceOptions) -> Keys:
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

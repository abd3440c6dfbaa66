"""Settings: partwork.toml, then PARTWORK_SECTION__KEY in the environment, then secret files.

Everything wrong is told at once, before anything is done. The classes of options live beside the
code that uses them where there is such code below; here is how they are read and checked.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from typing_extensions import override

from pipeline.config.options import (
    DOMAINS,
    DeliveryOptions,
    DestinationOptions,
    DkimOptions,
    MailOptions,
    RelatedOptions,
    ScheduleOptions,
    SiteOptions,
    WebhookOptions,
    WebOptions,
    mailbox,
)
from pipeline.errors import ConfigError, FileError, PartworkError, Problem
from pipeline.inbox import BounceOptions
from pipeline.model import EventKind, Site, event_type
from pipeline.page import check_accents
from pipeline.smtp import RelayOptions
from pipeline.store import StoreOptions, shown

FILE_NAME = "partwork.toml"
PREFIX = "PARTWORK_"
MASK = "*" * 8


class Settings(BaseSettings):
    """Every setting of a site, checked."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )
    toml: ClassVar[Path]

    site: SiteOptions
    schedule: ScheduleOptions = ScheduleOptions()
    related: RelatedOptions = RelatedOptions()
    mail: MailOptions = MailOptions()
    dkim: DkimOptions = DkimOptions()
    smtp: RelayOptions = RelayOptions()
    relays: tuple[RelayOptions, ...] = ()
    destinations: tuple[DestinationOptions, ...] = ()
    delivery: DeliveryOptions = DeliveryOptions()
    bounces: BounceOptions = BounceOptions()
    store: StoreOptions = StoreOptions()
    web: WebOptions = WebOptions()
    webhooks: tuple[WebhookOptions, ...] = ()

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, TomlConfigSettingsSource(settings_cls, cls.toml)

    @property
    def transport(self) -> Literal["maildir", "smtp"]:
        """Where messages really go."""
        if self.mail.transport == "auto":
            return "smtp" if self.all_relays else "maildir"
        return self.mail.transport

    @property
    def all_relays(self) -> tuple[RelayOptions, ...]:
        """Every relay that is set."""
        return tuple(one for one in (self.smtp, *self.relays) if one.host)

    @property
    def all_destinations(self) -> tuple[DestinationOptions, ...]:
        """Every group of domains, as set or as known."""
        told = {one.name for one in self.destinations}
        known = (DestinationOptions(name=name) for name in DOMAINS if name not in told)
        return tuple(
            one if one.domains else one.model_copy(update={"domains": DOMAINS.get(one.name, ())})
            for one in (*self.destinations, *known)
        )

    def as_site(self) -> Site:
        """The site as the stages know it."""
        said = self.site.model_dump(exclude={"secret", "former_secrets", "logo", "instance"})
        return Site(
            **said,
            bounces=self.bounces.address,
            hub=self.web.hub,
            drips=self.web.drips,
            joining=self.web.joining,
        )


def load(folder: Path) -> Settings:
    """The settings of a site's folder.

    Raises:
        FileError: There is no partwork.toml, or it is not TOML.
        ConfigError: Keys are unknown or missing, or values do not fit; all of them are named.
    """
    path = folder / FILE_NAME
    said = _toml(path)
    bound = type("BoundSettings", (Settings,), {"toml": path, "__module__": __name__})
    problems = [*_unknown(said), *_unknown_in_environment()]
    try:
        settings: Settings = bound()
        problems += _misfits(settings)
    except ValidationError as error:
        problems += map(_problem, _details(error))
        settings = None  # type: ignore[assignment]  # never returned: problems is not empty
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    return settings


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileError(
            str(path), "not found", "make a site with `partwork init DIR`, or name one with --site"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(str(path), f"is not TOML: {error}", "mend that line") from error
    except OSError as error:
        raise FileError(str(path), error.strerror or str(error), "make it readable") from error


def known_keys() -> dict[str, tuple[str, ...]]:
    """Every key that partwork.toml may hold, by section."""
    return {name: _keys(info.annotation) for name, info in Settings.model_fields.items()}


def _keys(section: Any) -> tuple[str, ...]:
    if get_origin(section) is tuple:  # a section that may stand there several times
        return _keys(get_args(section)[0])
    if is_dataclass(section):
        return tuple(one.name for one in fields(section))
    return tuple(info.alias or name for name, info in section.model_fields.items())


def _unknown(said: Mapping[str, Any]) -> Iterator[Problem]:
    known = known_keys()
    for section, values in said.items():
        if section not in known:
            yield Problem(f"[{section}]", "unknown section", _nearest(section, known))
            continue
        several = get_origin(Settings.model_fields[section].annotation) is tuple
        head = f"[[{section}]]" if several else f"[{section}]"
        if not isinstance(values, list if several else dict):
            yield Problem(section, "is a section", f"write {head} on a line of its own")
            continue
        for key in {key for each in (values if several else [values]) for key in each}:
            if key not in known[section]:
                yield Problem(f"{head} {key}", "unknown key", _nearest(key, known[section]))


def _unknown_in_environment() -> Iterator[Problem]:
    known = {f"{section}__{key}": "" for section, keys in known_keys().items() for key in keys}
    for name in os.environ:
        if name.startswith(PREFIX) and "__" in name:
            rest = name.removeprefix(PREFIX).lower()
            if rest not in known:
                nearest = _nearest(rest, known, lambda key: PREFIX + key.upper())
                yield Problem(name, "unknown setting in the environment", nearest)


def _nearest(key: str, known: Any, show: Any = str) -> str:
    close = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return f"did you mean {show(close[0])}?" if close else f"known: {', '.join(map(show, known))}"


def _details(error: ValidationError) -> Iterator[tuple[tuple[str, ...], str]]:
    for one in error.errors(include_url=False):
        if one["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
            continue  # told with the nearest key by `_unknown`
        told = one["msg"].removeprefix("Value error, ")
        yield tuple(map(str, one["loc"])), told[:1].lower() + told[1:]


def _problem(detail: tuple[tuple[str, ...], str]) -> Problem:
    (section, *rest), told = detail
    key = {"sender": "from"}.get(rest[0], rest[0]) if rest else ""
    if rest and rest[0].isdigit():  # one of several sections of a name
        section, key = f"[{section}]", " ".join(rest[1:2])
    where = f"[{section}] {key}".strip()
    if told == "field required":
        return Problem(where, "missing", f"write it into {FILE_NAME}")
    return Problem(where, told)


def _misfits(settings: Settings) -> Iterator[Problem]:
    """What fits alone and not together."""
    if settings.mail.transport == "smtp" and not settings.all_relays:
        yield Problem("[smtp] host", "missing", 'needed by [mail] transport = "smtp"')
    yield from _relay_misfits(settings)
    yield from _bounce_misfits(settings.bounces)
    yield from _webhook_misfits(settings)
    for kind in ("", "ed25519_"):
        said = {key: getattr(settings.dkim, kind + key) for key in ("selector", "key_file")}
        for missing in (key for key, value in said.items() if any(said.values()) and not value):
            other = next(kind + key for key in said if key != missing)
            yield Problem(f"[dkim] {kind}{missing}", "missing", f"needed by [dkim] {other}")
    try:
        check_accents(settings.site.accent, settings.site.accent_dark)
    except PartworkError as error:
        yield Problem("[site] accent", str(error))


def _relay_misfits(settings: Settings) -> Iterator[Problem]:
    for head, relay in (("[smtp]", settings.smtp), *(("[[relays]]", r) for r in settings.relays)):
        if relay.username and not relay.password_file:
            yield Problem(f"{head} password_file", "missing", f"needed by {head} username")
        if head == "[[relays]]" and not relay.host:
            yield Problem("[[relays]] host", "missing", f"write it into {FILE_NAME}")
        if relay.host and relay.connections < settings.delivery.processes:
            said = f"fewer than [delivery] processes, {settings.delivery.processes}"
            yield Problem(f"{head} connections", said, "each process needs one")
    for group in settings.destinations:
        if not group.domains and group.name not in DOMAINS:
            named = f"[[destinations]] {group.name}: domains"
            yield Problem(named, "missing", f"known without: {', '.join(DOMAINS)}")


def _webhook_misfits(settings: Settings) -> Iterator[Problem]:
    known = sorted(map(event_type, EventKind))
    names = [one.name for one in settings.webhooks]
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield Problem("[[webhooks]] name", f"{name!r} stands there twice", "name one otherwise")
    for hook in settings.webhooks:
        for said in hook.events:
            if said not in known:
                yield Problem(
                    f"[[webhooks]] {hook.name}: {said!r}", "unknown", _nearest(said, known)
                )


def _bounce_misfits(options: BounceOptions) -> Iterator[Problem]:
    try:
        mailbox(options.address)
    except ValueError as error:
        yield Problem("[bounces] address", str(error))
    if options.imap_host and not (options.imap_username and options.imap_password_file):
        named = "[bounces] imap_username and imap_password_file"
        yield Problem(named, "missing", "needed by [bounces] imap_host")


def effective(settings: Settings) -> dict[str, dict[str, Any]]:
    """Every setting with its value in force, by section; secrets masked."""
    dumped = settings.model_dump(mode="json", by_alias=True)
    if settings.site.secret.get_secret_value():
        dumped["site"]["secret"] = MASK
    dumped["site"]["former_secrets"] = [MASK for _ in settings.site.former_secrets]
    dumped["store"]["url"] = shown(settings.store.url)
    return dumped

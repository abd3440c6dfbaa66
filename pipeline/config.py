"""Settings: partwork.toml, then PARTWORK_SECTION__KEY in the environment, then secret files.

Everything wrong is told at once, before anything is done. The classes of options live beside the
code that uses them where there is such code below; here is how they are read and checked.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from typing_extensions import override

from pipeline.errors import ConfigError, FileError, PartworkError, Problem
from pipeline.mail import CLIENTS
from pipeline.model import CatchUp, Site
from pipeline.page import check_accents
from pipeline.schedule import check_zone, parse_cadence
from pipeline.smtp import RelayOptions
from pipeline.store import StoreOptions

FILE_NAME = "partwork.toml"
PREFIX = "PARTWORK_"
MIN_SECRET = 32
MASK = "*" * 8

_WORTHLESS = ("changeme", "change-me", "secret", "example", "password", "0123456789")


def _base_url(value: str) -> str:
    """An http(s) URL with a host, an optional path prefix, and nothing else."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"is not a URL ({error})") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not an http or https URL; write it as https://news.example.org")
    if parts.username is not None or parts.query or parts.fragment or re.search(r"\s", value):
        raise ValueError("may hold a scheme, a host, a port and a path, and nothing else")
    return value.rstrip("/")


def _hub(value: str) -> str:
    """Nothing, or an http(s) URL with a host."""
    if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
        raise ValueError("is not an http or https URL; write it as https://hub.example.org/")
    return value


def _mailbox(value: str) -> str:
    """One address with a domain; an international domain in its ASCII form."""
    if not value:
        return value
    try:
        found = validate_email(value, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise ValueError(f"is not one mail address: {error}") from error
    return found.ascii_email or found.normalized


def _line(value: str) -> str:
    if re.search(r"[\x00-\x1f\x7f\u0085\u2028\u2029]", value):
        raise ValueError("must be one line without control characters")
    return value.strip()


def _secret(value: SecretStr) -> SecretStr:
    said = value.get_secret_value()
    if said and (len(said) < MIN_SECRET or said.lower().startswith(_WORTHLESS)):
        raise ValueError(
            f"can be guessed; give at least {MIN_SECRET} random characters, or leave it out"
        )
    return value


def _zone(value: str) -> str:
    return check_zone(value)


def _cadence(value: str) -> str:
    parse_cadence(value)
    return value


Line = Annotated[str, AfterValidator(_line)]
Text = Annotated[str, Field(min_length=1), AfterValidator(_line)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteOptions(_Section):
    """[site]: who publishes."""

    base_url: Annotated[str, AfterValidator(_base_url)]
    title: Text
    sender: Annotated[str, Field(alias="from", min_length=3), AfterValidator(_mailbox)]
    postal_address: Text
    description: Line = ""
    reply_to: Annotated[str, AfterValidator(_mailbox)] = ""
    lang: Text = "en"
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    accent: Line = "#1f4e79"
    accent_dark: Line = "#8fb8de"
    logo: Line = ""
    """A picture below content/, shown above the title in mail."""
    demonstration: bool = False
    secret: Annotated[SecretStr, AfterValidator(_secret)] = SecretStr("")


class ScheduleOptions(_Section):
    """[schedule]: what guides that say nothing themselves follow."""

    cadence: Annotated[str, AfterValidator(_cadence)] = "weekly mon 09:00"
    catch_up: CatchUp = CatchUp.SPREAD
    max_late_days: Annotated[float, Field(gt=0, le=3650)] = 14

    @property
    def max_late(self) -> timedelta:
        """How far behind a run may be before the operator is asked."""
        return timedelta(days=self.max_late_days)


class RelatedOptions(_Section):
    """[related]: how links are chosen."""

    ranker: Text = "fields"
    links: Annotated[int, Field(ge=0, le=10)] = 3


class MailOptions(_Section):
    """[mail]: where messages go; `auto` is the relay if one is set, else the Maildir."""

    transport: Literal["auto", "maildir", "smtp"] = "auto"
    outbox: Text = "var/outbox"
    clients: tuple[Line, ...] = CLIENTS
    """The programs that mail is linted for; families as `gmail`, or single ones as `gmail.ios`."""
    allow: tuple[Line, ...] = ()
    """Features that templates of the site may use though some of these do not know them."""


class DkimOptions(_Section):
    """[dkim]: signing messages here, where the relay does not; files lie below the folder."""

    selector: Line = ""
    key_file: Line = ""
    ed25519_selector: Line = ""
    ed25519_key_file: Line = ""

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Selector and file of each key that is set."""
        pairs = ((self.selector, self.key_file), (self.ed25519_selector, self.ed25519_key_file))
        return tuple(pair for pair in pairs if any(pair))


class WebOptions(_Section):
    """[web]: where the built-in web server listens."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    burst: Annotated[int, Field(ge=0, le=10_000)] = 10
    """Requests for one feed from one address a minute before it is told to wait; 0: no limit."""
    drips: bool = True
    """Whether pages lead to drips by feed; not where only the published files are served."""
    hub: Annotated[str, AfterValidator(_hub)] = ""
    """The WebSub hub that feeds name, and that is told of each release; empty: none."""


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
    store: StoreOptions = StoreOptions()
    web: WebOptions = WebOptions()

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
            return "smtp" if self.smtp.host else "maildir"
        return self.mail.transport

    def as_site(self) -> Site:
        """The site as the stages know it."""
        said = self.site.model_dump(exclude={"secret", "logo"})
        return Site(**said, hub=self.web.hub, drips=self.web.drips)


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
    if is_dataclass(section):
        return tuple(one.name for one in fields(section))
    return tuple(info.alias or name for name, info in section.model_fields.items())


def _unknown(said: Mapping[str, Any]) -> Iterator[Problem]:
    known = known_keys()
    for section, values in said.items():
        if section not in known:
            yield Problem(f"[{section}]", "unknown section", _nearest(section, known))
        elif not isinstance(values, dict):
            yield Problem(section, "is a section", f"write [{section}] on a line of its own")
        else:
            for key in values.keys() - set(known[section]):
                where = f"[{section}] {key}"
                yield Problem(where, "unknown key", _nearest(key, known[section]))


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
    where = f"[{section}] {key}".strip()
    if told == "field required":
        return Problem(where, "missing", f"write it into {FILE_NAME}")
    return Problem(where, told)


def _misfits(settings: Settings) -> Iterator[Problem]:
    """What fits alone and not together."""
    if settings.mail.transport == "smtp" and not settings.smtp.host:
        yield Problem("[smtp] host", "missing", 'needed by [mail] transport = "smtp"')
    if settings.smtp.username and not settings.smtp.password_file:
        yield Problem("[smtp] password_file", "missing", "needed by [smtp] username")
    for kind in ("", "ed25519_"):
        said = {key: getattr(settings.dkim, kind + key) for key in ("selector", "key_file")}
        for missing in (key for key, value in said.items() if any(said.values()) and not value):
            other = next(kind + key for key in said if key != missing)
            yield Problem(f"[dkim] {kind}{missing}", "missing", f"needed by [dkim] {other}")
    try:
        check_accents(settings.site.accent, settings.site.accent_dark)
    except PartworkError as error:
        yield Problem("[site] accent", str(error))


def effective(settings: Settings) -> dict[str, dict[str, Any]]:
    """Every setting with its value in force, by section; secrets masked."""
    dumped = settings.model_dump(mode="json", by_alias=True)
    if settings.site.secret.get_secret_value():
        dumped["site"]["secret"] = MASK
    return dumped

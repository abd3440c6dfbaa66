"""The sections of partwork.toml and what each value may be.

Options of rooms below live beside the code that uses them; these are the others.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from pipeline.mail import CLIENTS
from pipeline.model import CatchUp
from pipeline.schedule import check_zone, parse_cadence

MIN_SECRET = 32

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


def mailbox(value: str) -> str:
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
    sender: Annotated[str, Field(alias="from", min_length=3), AfterValidator(mailbox)]
    postal_address: Text
    description: Line = ""
    reply_to: Annotated[str, AfterValidator(mailbox)] = ""
    lang: Text = "en"
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    accent: Line = "#1f4e79"
    accent_dark: Line = "#8fb8de"
    logo: Line = ""
    """A picture below content/, shown above the title in mail."""
    demonstration: bool = False
    secret: Annotated[SecretStr, AfterValidator(_secret)] = SecretStr("")
    instance: Line = ""
    """Which copy of the site this is, for machines that are made anew again and again."""
    former_secrets: tuple[SecretStr, ...] = ()
    """Earlier ones: links that were made with them stay good."""


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


class DeliveryOptions(_Section):
    """[delivery]: what is decided about messages of which nobody knows whether they arrived."""

    uncertain: Literal["assume-sent", "resend"] = "assume-sent"
    processes: Annotated[int, Field(ge=1, le=16)] = 1
    """How many send a large issue at once; they share the connections of each relay."""


DOMAINS = {
    "gmail": ("gmail.com", "googlemail.com"),
    "microsoft": (
        *(
            f"{name}.{end}"
            for name in ("hotmail", "outlook", "live")
            for end in ("com", "de", "fr")
        ),
        *("hotmail.co.uk", "live.co.uk", "hotmail.it", "outlook.it", "hotmail.es", "outlook.es"),
        *("msn.com", "live.nl"),
    ),
    "yahoo": (
        *(f"yahoo.{end}" for end in ("com", "co.uk", "de", "fr", "it", "es", "ca", "co.in")),
        *("ymail.com", "rocketmail.com", "aol.com", "aol.de", "aol.co.uk"),
    ),
}
"""Groups of domains that are known without being told: the same people serve them."""


class DestinationOptions(_Section):
    """[[destinations]]: how much mail a group of domains takes."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    domains: tuple[Line, ...] = ()
    """Empty: those that are known by this name."""
    rate: Annotated[float, Field(ge=0)] = 0.0
    connections: Annotated[int, Field(ge=0)] = 0


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


class WebhookOptions(_Section):
    """[[webhooks]]: programs that are told what happens."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    url: Annotated[str, Field(min_length=1), AfterValidator(_hub)]
    secret_file: Text
    """Holds `whsec_` and base64 of 24 to 64 random octets, as the receiver has it."""
    events: tuple[Line, ...] = ()
    """The types that it wants, such as `subscriber.confirmed`; none: all."""


class WebOptions(_Section):
    """[web]: where the built-in web server listens."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    burst: Annotated[int, Field(ge=0, le=10_000)] = 10
    """Requests for one feed from one address a minute before it is told to wait; 0: no limit."""
    joining: bool = True
    """Whether pages let people join by mail; not where only the published files are served."""
    signups_an_hour: Annotated[int, Field(ge=0, le=1_000_000)] = 500
    """How many letters that ask to confirm go out in an hour at most; the others wait."""
    drips: bool = True
    """Whether pages lead to drips by feed; not where only the published files are served."""
    hub: Annotated[str, AfterValidator(_hub)] = ""
    """The WebSub hub that feeds name, and that is told of each release; empty: none."""

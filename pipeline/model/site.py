"""The site: who publishes, and how it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.model.text import Picture


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Our own sentences in another language."""

    messages: Mapping[str, tuple[str, ...]]
    """The English sentence -> what is said in its place; several forms for counted things."""
    plural: str
    """Which form a number takes, as gettext's `plural=` says it."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A copy of a site, as it is known from others."""

    name: str
    base_url: str
    host: str = ""
    file: str = ""
    """Which file names it: a copy of the file is another. Empty, as `host`, where the settings
    name the instance."""
    mark: int = 0
    """How often its ledger was about to change; it never goes down."""


@dataclass(frozen=True, slots=True)
class Site:
    """Who publishes, and how it looks: what every rendering needs to know."""

    base_url: str
    """Scheme, host and optional path prefix, without a trailing slash."""
    title: str
    sender: str
    """The address that mail comes from; its display name is the title."""
    postal_address: str
    description: str = ""
    reply_to: str = ""
    bounces: str = ""
    """The address that undeliverable mail comes back to; empty: the sender's."""
    lang: str = "en"
    zone: str = "UTC"
    accent: str = "#1f4e79"
    accent_dark: str = "#8fb8de"
    hub: str = ""
    """The WebSub hub that feeds name and that is told of each release; empty for none."""
    drips: bool = True
    """Whether pages lead to drips by feed, which only the web server has."""
    joining: bool = True
    """Whether pages let people join by mail, which likewise only the web server can."""
    demonstration: bool = False
    """A site that shows how it works: health guides without a reviewer are let through, marked."""

    logo: Picture | None = None
    """Above the title in mail."""
    catalogues: Mapping[str, Catalogue] = field(default_factory=dict, repr=False, compare=False)
    """By language."""

    @property
    def host(self) -> str:
        """The host name of the base URL, without a port."""
        host = self.base_url.split("://", 1)[-1].split("/", 1)[0]
        return host.rsplit(":", 1)[0] if not host.endswith("]") else host

    @property
    def list_domain(self) -> str:
        """The right-hand side of Message-ID and List-Id: the domain that mail comes from."""
        return self.sender.rpartition("@")[2].strip(">").lower()

    def url(self, path: str) -> str:
        """The absolute URL of a path below the base URL; an absolute URL stays as it is."""
        return path if "://" in path else f"{self.base_url}/{path}"

"""What is known of relays, groups of domains and domains while mail goes out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pipeline.delivery import Gate, Meaning, Outcome

_OPEN = Gate()
_ABOUT_ALL = frozenset({Meaning.CLOSING, Meaning.POLICY})


class Gates:
    """Gates by name; what has changed is kept apart until somebody writes it down."""

    def __init__(self) -> None:
        self._known: dict[str, Gate] = {}
        self._changed: set[str] = set()

    def load(self, known: Mapping[str, Gate]) -> None:
        """Begin with these."""
        self._known = dict(known)

    def take_changed(self) -> dict[str, Gate]:
        """Those that have changed since this was asked last."""
        changed, self._changed = self._changed, set()
        return {name: self._known[name] for name in changed}

    def relay(self, name: str) -> Gate:
        """The gate of a relay."""
        return self._known.get(f"relay {name}", _OPEN)

    def group(self, name: str) -> Gate:
        """The gate of a group of domains; the rest has none, each of its domains has one."""
        return self._known.get(f"group {name}", _OPEN) if name else _OPEN

    def domain(self, name: str) -> Gate:
        """The gate of a domain that is in no group."""
        return self._known.get(f"domain {name}", _OPEN)

    def accepted(
        self, relay: str, takers: Mapping[tuple[str, str], int], now: datetime, *, counts: bool
    ) -> None:
        """A relay took so many messages for each (group, domain).

        Nothing changes, so that nothing is to be written down, unless somebody had refused mail
        before, or the relay is being warmed up and its messages of the day are counted.
        """
        gate = self.relay(relay)
        if counts or gate.is_marked:
            self._set(f"relay {relay}", gate.accepted(sum(takers.values()), now))
        for (group, domain), count in takers.items():
            name = _taker(group, domain)
            known = self._known.get(name)
            if known is not None and known.is_marked:
                self._set(name, known.accepted(count, now))

    def refused(self, group: str, domain: str, outcome: Outcome, now: datetime) -> str:
        """A message was not taken; what the operator should know, if anything."""
        if outcome.meaning not in _ABOUT_ALL:
            return ""
        name = _taker(group, domain)
        gate = self._known.get(name, _OPEN).refused(outcome.meaning, outcome.why, now)
        self._set(name, gate)
        if gate.is_open(now):
            return ""
        return f"{name}: left alone until {gate.until:%H:%M} UTC: {outcome.why}"

    def break_relay(self, name: str, why: str, now: datetime) -> None:
        """A relay could not be used at all."""
        self._set(f"relay {name}", self.relay(name).broken(why, now))

    def _set(self, name: str, gate: Gate) -> None:
        self._known[name] = gate
        self._changed.add(name)


def _taker(group: str, domain: str) -> str:
    """Who takes mail for a domain: its group, or the domain by itself."""
    return f"group {group}" if group else f"domain {domain}"

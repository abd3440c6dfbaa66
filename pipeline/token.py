"""Signed tokens, each good for one purpose: what a link in a mail may be trusted to say.

A token names ids only, never an address; whoever lacks the secret can neither make nor alter one
(HMAC-SHA256). The same facts give the same token, so that a message sent again says the same. The
first key of a ring signs; what any of them signed is read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from itsdangerous import BadSignature, Signer
from itsdangerous.signer import SigningAlgorithm
from typing_extensions import override

from pipeline.mac import mac

Keys = tuple[bytes, ...]
"""The secret in force, then former ones."""


class Purpose(StrEnum):
    """What a token is good for; one for another purpose is not read."""

    LEAVE = "leave"
    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    RETURN = "return"
    FORM = "form"


class _Hmac(SigningAlgorithm):
    """Ours: a sender makes thousands of tokens a second."""

    @override
    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return mac(key, value)


@lru_cache(maxsize=64)
def _signer(keys: Keys, purpose: Purpose) -> Signer:
    """The signer of a purpose, its keys derived once and for all."""
    said = f"partwork.{purpose}".encode()
    ring = [mac(key, said) for key in reversed(keys)]  # itsdangerous: newest last
    return Signer(ring, key_derivation="none", algorithm=_Hmac())


def _read(token: str, keys: Keys, purpose: Purpose) -> str | None:
    try:
        return _signer(keys, purpose).unsign(token).decode()
    except (BadSignature, UnicodeError):
        return None


def leave(subscriber_id: int, guide: str, *, keys: Keys) -> str:
    """The token with which a subscriber leaves a guide (RFC 8058 one-click)."""
    return _signer(keys, Purpose.LEAVE).sign(f"{subscriber_id}.{guide}").decode()


def read_leave(token: str, *, keys: Keys) -> tuple[int, str] | None:
    """The subscriber's id and the guide of a token by `leave`; None if it is not one of ours."""
    return _numbered(_read(token, keys, Purpose.LEAVE))


def preferences(subscriber_id: int, *, keys: Keys) -> str:
    """The token with which a subscriber sees and changes what they chose."""
    return _signer(keys, Purpose.PREFERENCES).sign(str(subscriber_id)).decode()


def read_preferences(token: str, *, keys: Keys) -> int | None:
    """The subscriber's id of a token by `preferences`; None if it is not one of ours."""
    said = _read(token, keys, Purpose.PREFERENCES)
    return int(said) if said is not None and said.isdecimal() else None


def confirm(signup_id: str, *, keys: Keys) -> str:
    """The token with which somebody confirms a signup; it ends with the signup."""
    return _signer(keys, Purpose.CONFIRM).sign(signup_id).decode()


def read_confirm(token: str, *, keys: Keys) -> str | None:
    """The id of the signup of a token by `confirm`; None if it is not one of ours."""
    return _read(token, keys, Purpose.CONFIRM)


def back(subscriber_id: int, guide: str, left_at: datetime, *, keys: Keys) -> str:
    """The token with which a subscriber undoes having left a guide at a moment."""
    said = f"{subscriber_id}.{left_at.timestamp():.0f}.{guide}"
    return _signer(keys, Purpose.RETURN).sign(said).decode()


def read_back(token: str, *, keys: Keys) -> tuple[int, str, datetime] | None:
    """Subscriber's id, guide and moment (to the second) of a token by `back`; None: not ours."""
    found = _numbered(_read(token, keys, Purpose.RETURN))
    at = _numbered(found[1]) if found else None
    if found is None or at is None:
        return None
    return found[0], at[1], datetime.fromtimestamp(at[0], UTC)


def form(at: datetime, *, keys: Keys) -> str:
    """The stamp of a form that was shown at this moment."""
    return _signer(keys, Purpose.FORM).sign(f"{at.timestamp():.1f}").decode()


def read_form(token: str, *, keys: Keys) -> datetime | None:
    """When the form of a stamp by `form` was shown; None if it is not one of ours."""
    said = _read(token, keys, Purpose.FORM)
    return None if said is None else datetime.fromtimestamp(float(said), UTC)


def _numbered(said: str | None) -> tuple[int, str] | None:
    """A text as `12.rest`, taken apart."""
    number, dot, rest = (said or "").partition(".")
    return (int(number), rest) if dot and number.isdecimal() else None

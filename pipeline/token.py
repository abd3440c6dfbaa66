"""Signed tokens, each good for one purpose: what a link in a mail may be trusted to say.

A token names ids only, never an address; whoever lacks the secret can neither make nor alter one
(HMAC-SHA256). The same facts give the same token, so that a message sent again says the same.
"""

from __future__ import annotations

import hmac
from functools import lru_cache

from itsdangerous import BadSignature, Signer
from itsdangerous.signer import SigningAlgorithm
from typing_extensions import override


class _Hmac(SigningAlgorithm):
    """HMAC-SHA256 in one call: a sender makes thousands of tokens a second."""

    @override
    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")


@lru_cache(maxsize=16)
def _signer(secret: bytes, purpose: str) -> Signer:
    """The signer of a purpose, its key derived once and for all."""
    key = hmac.digest(secret, f"partwork.{purpose}".encode(), "sha256")
    return Signer(key, key_derivation="none", algorithm=_Hmac())


def leave(subscriber_id: int, guide: str, *, secret: bytes) -> str:
    """The token with which a subscriber leaves a guide (RFC 8058 one-click)."""
    return _signer(secret, "leave").sign(f"{subscriber_id}.{guide}").decode()


def read_leave(token: str, *, secret: bytes) -> tuple[int, str] | None:
    """The subscriber's id and the guide of a token by `leave`; None if it is not one of ours."""
    try:
        said = _signer(secret, "leave").unsign(token).decode()
    except (BadSignature, UnicodeError):
        return None
    subscriber_id, dot, guide = said.partition(".")
    return (int(subscriber_id), guide) if dot and subscriber_id.isdecimal() else None

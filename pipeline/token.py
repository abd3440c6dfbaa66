"""Signed tokens, each good for one purpose: what a link in a mail may be trusted to say.

A token names ids only, never an address; whoever lacks the secret can neither make nor alter one
(HMAC-SHA256). The same facts give the same token, so that a message sent again says the same.
"""

from __future__ import annotations

import hashlib

from itsdangerous import BadData, URLSafeSerializer


def _serializer(secret: bytes, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        secret, salt=f"partwork.{purpose}", signer_kwargs={"digest_method": hashlib.sha256}
    )


def leave(subscriber_id: int, guide: str, *, secret: bytes) -> str:
    """The token with which a subscriber leaves a guide (RFC 8058 one-click)."""
    return str(_serializer(secret, "leave").dumps([subscriber_id, guide]))


def read_leave(token: str, *, secret: bytes) -> tuple[int, str] | None:
    """The subscriber's id and the guide of a token by `leave`; None if it is not one of ours."""
    try:
        said: object = _serializer(secret, "leave").loads(token)
    except BadData:
        return None
    match said:
        case [int(subscriber_id), str(guide)]:
            return subscriber_id, guide
        case _:
            return None

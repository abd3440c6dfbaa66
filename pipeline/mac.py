"""Message authentication codes: what only who has a key could have made (HMAC-SHA256, RFC 2104)."""

from __future__ import annotations

import hmac
from functools import lru_cache


def mac(key: bytes, said: bytes) -> bytes:
    """The code of what is said, 32 bytes.

    `hmac.digest` lets go of the interpreter each time, and a busy sender, which makes thousands a
    second, then waits for its other thread; a hash that is begun and copied does not.
    """
    found = _begun(key).copy()
    found.update(said)
    return found.digest()


@lru_cache(maxsize=64)
def _begun(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")

"""Signatures of messages (RFC 6376, RFC 8463): the only door to cryptography.

A relay usually signs; this is for those whose relay does not. The body of our messages is its own
relaxed form (see `pipeline.mail.encode`), so its hash is that of its bytes. A signature follows
from message, key and time alone. cryptography costs 30 ms to import, so who signs imports it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.errors import FileError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

MIN_BITS = 2048
"""Of an RSA key: RFC 8301 section 3.2 asks signers for that many."""

SIGNED = (
    "From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version",
    "Content-Type", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID",
)  # fmt: skip
"""The fields that are signed, each once more than it is there (RFC 6376 section 5.4.2): nobody can
add another. RFC 8058 section 4 asks for List-Unsubscribe and its Post."""

_KEYS = tuple((name, name.lower().encode()) for name in SIGNED)
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LINE = 75


class KeyKind(StrEnum):
    """What a key signs with, as the tag `k=` of its record names it."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class Key:
    """A private key and the selector that its public half is found under."""

    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey
    kind: KeyKind


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a domain with its keys, each of which signs every message."""

    domain: str
    keys: tuple[Key, ...]


def read_key(pem: bytes, selector: str, where: str) -> Key:
    """The key of a PEM file without a pass phrase.

    Args:
        pem: What the file holds.
        selector: One DNS label.
        where: The file, for the message of the error.

    Raises:
        FileError: It holds no RSA key of 2048 bits or more and no Ed25519 key, or the selector is
            no label.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    todo = "make one with `partwork dkim new`"
    if not _SELECTOR.fullmatch(selector):
        raise FileError(where, f"its selector {selector!r} is no DNS label", "write it as s1")
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FileError(where, "holds no private key in PEM without a pass phrase", todo) from error
    if isinstance(private, Ed25519PrivateKey):
        return Key(selector, private, KeyKind.ED25519)
    if not isinstance(private, RSAPrivateKey):
        raise FileError(where, "is neither an RSA nor an Ed25519 key", todo)
    if private.key_size < MIN_BITS:
        said = f"is an RSA key of {private.key_size} bits; verifiers want {MIN_BITS}"
        raise FileError(where, said, todo)
    return Key(selector, private, KeyKind.RSA)


def make_key(kind: KeyKind) -> bytes:
    """A new private key in PEM, of 2048 bits for RSA: longer ones do not fit every DNS record."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    made = (
        generate_private_key(public_exponent=65537, key_size=MIN_BITS)
        if kind is KeyKind.RSA
        else Ed25519PrivateKey.generate()
    )
    return made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def record(key: Key, domain: str) -> tuple[str, str]:
    """The name and the text of the DNS record that verifiers look for (section 3.6.1)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    form = (
        (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if key.kind is KeyKind.RSA
        else (Encoding.Raw, PublicFormat.Raw)  # RFC 8463 section 4: the bare 32 octets
    )
    public = base64.b64encode(key.private.public_key().public_bytes(*form)).decode()
    return f"{key.selector}._domainkey.{domain}", f"v=DKIM1; k={key.kind}; p={public}"


def sign(message: bytes, signer: Signer, at: datetime) -> bytes:
    """The message with a signature of each key before it.

    Args:
        message: Head and body with CRLF line ends; the body is its own relaxed form.
        signer: Domain and keys.
        at: When it is signed; aware.
    """
    head, _, body = message.partition(b"\r\n\r\n")
    fields = _fields(head)
    names = tuple(name for name, _ in fields)
    relaxed = b"".join(value for _, value in fields)
    body_hash = base64.b64encode(hashlib.sha256(body).digest())
    made = (
        _signature(key, signer.domain, (_listed(names), relaxed, body_hash), at)
        for key in signer.keys
    )
    return b"".join((*made, message))


def _fields(head: bytes) -> list[tuple[str, bytes]]:
    """The signed fields in the order of `h=`, in relaxed form; nothing for one that is not there.

    Of a field that is there more than once the last is taken first (section 5.4.2).
    """
    there: dict[bytes, list[bytes]] = {}
    for line in head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n"):
        name, _, value = line.partition(b":")
        key = name.rstrip().lower()
        there.setdefault(key, []).append(key + b":" + _relaxed(value) + b"\r\n")
    return [(name, value) for name, key in _KEYS for value in (*reversed(there.get(key, ())), b"")]


def _relaxed(value: bytes) -> bytes:
    """The value of a field with its spaces evened out (section 3.4.2)."""
    return b" ".join(value.split())


def _signature(key: Key, domain: str, signed: tuple[bytes, bytes, bytes], at: datetime) -> bytes:
    """One DKIM-Signature field.

    Args:
        key: What signs.
        domain: The tag `d=`.
        signed: The value of `h=`, the relaxed fields, the hash of the body.
        at: The tag `t=`.
    """
    names, relaxed, body_hash = signed
    value = (
        (
            f" v=1; a={key.kind}-sha256; c=relaxed/relaxed;\r\n d={domain};"
            f" s={key.selector}; t={int(at.timestamp())};\r\n h="
        ).encode()
        + names
        + b";\r\n bh="
        + body_hash
        + b";\r\n b="
    )
    covered = relaxed + b"dkim-signature:" + _relaxed(value)
    written = b"\r\n ".join(_lines(base64.b64encode(_signed(key, covered))))
    return b"DKIM-Signature:" + value + written + b"\r\n"


def _signed(key: Key, covered: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    if isinstance(key.private, Ed25519PrivateKey):
        return key.private.sign(hashlib.sha256(covered).digest())  # RFC 8463 section 3
    return key.private.sign(covered, PKCS1v15(), hashes.SHA256())


@lru_cache(maxsize=16)
def _listed(names: tuple[str, ...]) -> bytes:
    """The value of `h=`, folded before a colon would pass the end of a line."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > _LINE:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n ".join(lines)[:-1].encode()


def _lines(encoded: bytes) -> Iterator[bytes]:
    for at in range(0, len(encoded), _LINE):
        yield encoded[at : at + _LINE]

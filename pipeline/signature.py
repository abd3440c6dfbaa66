"""Signatures of requests between programs: made of ours, checked of others'.

Nothing is compared in a time that depends on what was said. cryptography takes 16 MiB to import:
only reports that are signed with keys cost them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Literal

from pipeline.mac import mac

Hash = Literal["sha1", "sha256"]


def webhook(key: bytes, name: str, at: int, body: bytes) -> str:
    """The signature of a call of ours (Standard Webhooks 1.0.0, "Signature scheme").

    Args:
        key: Shared with whoever is called.
        name: Of the message; the same each time it is sent.
        at: When it is sent, in seconds since 1970.
        body: Of the request.
    """
    digest = mac(key, f"{name}.{at}.".encode() + body)
    return f"v1,{base64.b64encode(digest).decode()}"


def is_same(one: str, other: str) -> bool:
    """Whether two secrets are the same."""
    return hmac.compare_digest(one.encode(), other.encode())


def is_hmac(key: str, said: str, given: str) -> bool:
    """Whether this is the HMAC-SHA256 of what was said, in hexadecimal."""
    return is_same(mac(key.encode(), said.encode()).hex(), given)


def is_ecdsa(public_key: str, said: bytes, given: str) -> bool:
    """Whether somebody signed this who holds the other half of the key (ECDSA, SHA-256).

    Args:
        public_key: Base64 of its SubjectPublicKeyInfo.
        said: What was signed.
        given: Base64 of the signature.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key = serialization.load_der_public_key(base64.b64decode(public_key, validate=True))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(base64.b64decode(given, validate=True), said, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def is_rsa(certificate: bytes, said: bytes, given: str, kind: Hash) -> bool:
    """Whether the owner of a certificate signed this (RSA, PKCS #1 version 1.5).

    Args:
        certificate: In PEM.
        said: What was signed.
        given: Base64 of the signature.
        kind: Which hash it is of.
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    # SHA-1 is what Amazon signs with where nobody asked for more
    algorithm = hashes.SHA1() if kind == "sha1" else hashes.SHA256()  # noqa: S303
    try:
        key = x509.load_pem_x509_certificate(certificate).public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        raw = base64.b64decode(given, validate=True)
        key.verify(raw, said, padding.PKCS1v15(), algorithm)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True

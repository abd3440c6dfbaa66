"""dkim: a signature that others verify, that covers what counts, and that nobody can bend."""

from __future__ import annotations

import base64
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import dkim as dkimpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import dkim
from pipeline.errors import FileError
from tests import mails
from tests.mails import SITE

PAST = datetime(2026, 3, 1, 9, tzinfo=UTC)
"""Verifiers take no signature of times to come."""
DOMAIN = "serials.example.org"
PEMS = {kind: dkim.make_key(kind) for kind in dkim.KeyKind}
KEYS = (
    dkim.read_key(PEMS[dkim.KeyKind.RSA], "s1", "a"),
    dkim.read_key(PEMS[dkim.KeyKind.ED25519], "e1", "b"),
)
SIGNER = dkim.Signer(DOMAIN, KEYS)
RECORDS = dict(dkim.record(key, DOMAIN) for key in KEYS)


def message(name: str = "") -> bytes:
    """A message of ours, before it is signed."""
    return mails.message(name=name).body


def verdicts(raw: bytes, records: dict[str, str] = RECORDS) -> list[bool]:
    """What a verifier of other hands says of each signature."""

    def dns(name: bytes, timeout: int = 5) -> bytes | None:
        text = records.get(name.decode().rstrip("."))
        return text.encode() if text else None

    checked = dkimpy.DKIM(raw)
    count = len(re.findall(rb"(?im)^DKIM-Signature:", raw.partition(b"\r\n\r\n")[0]))
    found = []
    for index in range(count):
        try:
            found.append(bool(checked.verify(idx=index, dnsfunc=dns)))
        except dkimpy.ValidationError:
            found.append(False)
    return found


SIGNED = dkim.sign(message(name="Zoë Ölmüller"), SIGNER, PAST)


def tags(raw: bytes) -> list[dict[str, str]]:
    """The tags of each signature."""
    fields = re.findall(rb"(?ms)^DKIM-Signature:(.*?)\r\n(?![ \t])", raw)
    return [
        {
            name.strip(): "".join(value.split())
            for name, _, value in (tag.partition("=") for tag in field.decode().split(";"))
        }
        for field in fields
    ]


def test_both_signatures_verify() -> None:
    """RSA and Ed25519, side by side, by dkimpy."""
    assert verdicts(SIGNED) == [True, True]


@settings(max_examples=40)
@given(st.text("aZ ö😀.-'\"", max_size=40))
def test_whoever_is_addressed_the_signature_verifies(name: str) -> None:
    """Whatever stands in the head: folded, encoded, quoted."""
    assert verdicts(dkim.sign(message(name=name), SIGNER, PAST)) == [True, True]


def test_what_the_signature_says() -> None:
    """Strict alignment, SHA-256, relaxed twice, the whole body, the moment."""
    for one, algorithm in zip(tags(SIGNED), ("rsa-sha256", "ed25519-sha256"), strict=True):
        assert (one["v"], one["a"], one["c"]) == ("1", algorithm, "relaxed/relaxed")
        assert one["d"] == SITE.sender.rpartition("@")[2]
        assert one["t"] == str(int(PAST.timestamp()))
        assert "l" not in one
        names = one["h"].split(":")
        there = SIGNED.partition(b"\r\n\r\n")[0].decode().lower()
        for name in dkim.SIGNED:
            count = len(re.findall(rf"(?m)^{name.lower()}:", there))
            assert names.count(name) == count + 1, f"{name} can be added by others"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"Sleep comes", b"Sleep goes"),
        (b"\r\nSubject: ", b"\r\nSubject: Re: "),
        (b"\r\nFrom: ", b"\r\nFrom: Somebody <x@example.net>\r\nFrom: "),
        (b"\r\nList-Unsubscribe: <https", b"\r\nList-Unsubscribe: <http"),
        (b"\r\nList-Unsubscribe-Post: List", b"\r\nList-Unsubscribe-Post: Lost"),
        (b"\r\nList-Id: ", b"\r\nList-Id: x "),
        (b"\r\nDate: Thu", b"\r\nDate: Fri"),
        (b"\r\nMIME-Version", b"\r\nReply-To: thief@example.net\r\nMIME-Version"),
        (b"\r\nMIME-Version", b"\r\nCc: thief@example.net\r\nMIME-Version"),
    ],
)
def test_what_is_altered_does_not_verify(was: bytes, becomes: bytes) -> None:
    """Neither body nor any signed field, and none can be added."""
    assert was in SIGNED
    assert verdicts(SIGNED.replace(was, becomes, 1)) == [False, False]


def test_what_a_server_may_alter_still_verifies() -> None:
    """Fields above it, spaces in a field, other letters of a name."""
    received = b"Received: by mx.example.net; Thu, 26 Nov 2026 08:00:00 +0000\r\n" + SIGNED
    folded = received.replace(b"\r\nSubject: ", b"\r\nSUBJECT:   ", 1)
    assert verdicts(folded) == [True, True]


def test_another_key_does_not_verify() -> None:
    """A signature is worth what the record says."""
    other = dkim.read_key(dkim.make_key(dkim.KeyKind.RSA), "s1", "a")
    assert verdicts(SIGNED, RECORDS | dict([dkim.record(other, DOMAIN)])) == [False, True]


def test_the_same_again_is_the_same_bytes() -> None:
    """A message that is sent again is signed as it was."""
    assert dkim.sign(message(name="Zoë Ölmüller"), SIGNER, PAST) == SIGNED


def test_lines_fit() -> None:
    """No line is longer than 78 (RFC 5322 section 2.1.1), and all end in CRLF."""
    head = SIGNED.partition(b"\r\nFrom: ")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert b"\n" not in head.replace(b"\r\n", b"")


def test_a_record_holds_the_public_half(tmp_path: Path) -> None:
    """As openssl derives it from the private key."""
    (tmp_path / "k.pem").write_bytes(PEMS[dkim.KeyKind.RSA])
    command = ["openssl", "pkey", "-in", str(tmp_path / "k.pem"), "-pubout", "-outform", "DER"]
    public = subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603
    name, text = dkim.record(KEYS[0], DOMAIN)
    assert name == "s1._domainkey.serials.example.org"
    assert text == f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def test_a_key_that_will_not_do_is_refused(tmp_path: Path) -> None:
    """Too short, of another kind, with a pass phrase, no key, a selector that is no label."""
    for arguments in (
        ["genrsa", "1024"],
        ["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
        ["genrsa", "-aes128", "-passout", "pass:word", "2048"],
    ):
        made = subprocess.run(["openssl", *arguments], check=True, capture_output=True)  # noqa: S603, S607
        with pytest.raises(FileError, match="partwork dkim new"):
            dkim.read_key(made.stdout, "s1", "k.pem")
    with pytest.raises(FileError, match="no private key"):
        dkim.read_key(b"nothing", "s1", "k.pem")
    with pytest.raises(FileError, match="no DNS label"):
        dkim.read_key(PEMS[dkim.KeyKind.RSA], "a.b", "k.pem")

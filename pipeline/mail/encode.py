"""Quoted-printable text cut at its slots, so that addressing a message is joining bytes.

Besides what RFC 2045 section 6.7 demands, second spaces, tabs, spaces and dots that begin a line
and `From ` are encoded. The bytes are then their own relaxed form (RFC 6376 section 3.4.4), need
no dot-stuffing (RFC 5321 section 4.5.2), and no mbox on the way alters them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

WIDTH = 75
"""Of an encoded line: RFC 2045 allows 76, one of them the `=` of a soft line break."""

FENCE = b"=\r\n"
"""A soft line break: invisible to the reader, it lets any encoded text follow."""

_ODD = re.compile(rb"[^!-<>-~ ]|^[ .]|(?<= ) | $|^F(?=rom )")
_DOT = ord(".")
_ODD_START = re.compile(rb"[ .]|F(?=rom )")
_ODD_STARTS = (" ", ".", "From ")


def quoted_printable(text: str) -> bytes:
    """The text encoded, its lines ended by CRLF and at most 76 octets long."""
    return b"\r\n".join(map(_line, text.split("\n")))


def quoted_value(text: str) -> bytes:
    """One line encoded for a place between two fences; fast for what needs no escape."""
    is_plain = text.isascii() and text.isprintable() and "=" not in text and "  " not in text
    if is_plain and len(text) <= WIDTH and not text.startswith(_ODD_STARTS) and text[-1:] != " ":
        return text.encode("ascii")
    return _line(text)


def quoted_solid(text: str) -> bytes:
    """As `quoted_value`, for ASCII without a space that does not begin with a dot; faster."""
    if "=" in text:
        return _line(text)
    raw = text.encode("ascii")
    if len(raw) <= WIDTH:
        return raw
    if len(raw) <= 2 * WIDTH and raw[WIDTH] != _DOT:
        return raw[:WIDTH] + FENCE + raw[WIDTH:]
    return _line(text)


def cut(
    text: str, slots: Mapping[str, str], *, encode: Callable[[str], bytes], fence: bytes = b""
) -> Iterator[tuple[str, bytes]]:
    """The text as pieces in order: a slot's name and no bytes, or no name and encoded bytes.

    Args:
        text: What is cut.
        slots: The word that holds a value's place in the text -> the slot's name.
        encode: How what stands between slots becomes bytes.
        fence: What stands on either side of a slot.
    """
    words = re.compile(f"({'|'.join(map(re.escape, slots))})")
    for index, piece in enumerate(words.split(text)):
        if index % 2:
            yield from (("", fence), (slots[piece], b""), ("", fence))
        else:
            yield "", encode(piece)


def _line(line: str) -> bytes:
    encoded = _ODD.sub(_escape, line.encode())
    return encoded if len(encoded) <= WIDTH else FENCE.join(_folded(encoded))


def _folded(encoded: bytes) -> Iterator[bytes]:
    """An encoded line in pieces that fit, none of which splits an escape or begins oddly."""
    at, begin = 0, b""
    while len(encoded) - at > WIDTH - len(begin):
        end = at + WIDTH - len(begin)
        if b"=" in encoded[end - 2 : end]:  # an escape is three octets: leave it whole
            end = encoded.index(b"=", end - 2)
        yield begin + encoded[at:end]
        odd = _ODD_START.match(encoded, end)
        at, begin = (end + 1, _escape(odd)) if odd else (end, b"")
    yield begin + encoded[at:]


def _escape(found: re.Match[bytes]) -> bytes:
    return b"=%02X" % found[0][0]

"""Quoted-printable text and the skeleton that is joined of it."""

from __future__ import annotations

import quopri
import re

from hypothesis import given
from hypothesis import strategies as st

from pipeline.mail.encode import FENCE, cut, quoted_printable, quoted_solid, quoted_value
from pipeline.mail.skeleton import skeleton

ODD = st.text(alphabet="aF. =\trom\nä😀" + "x" * 6, max_size=400)
ANY = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r"))
"""The text of a part: LF line ends; what else a guide may hold."""


@given(ODD | ANY)
def test_encoded_text_decodes_to_itself(text: str) -> None:
    """Decoding gives the text back, its line ends as CRLF."""
    raw = quoted_printable(text)
    assert quopri.decodestring(raw.replace(b"\r\n", b"\n")).decode() == text


@given(ODD | ANY)
def test_encoded_lines_travel_unharmed(text: str) -> None:
    """Lines are ASCII, at most 76 octets, and nothing on the way has a reason to change them.

    No trailing or doubled space (RFC 6376 relaxed form), no leading dot (SMTP), no `From ` (mbox).
    """
    for line in quoted_printable(text).split(b"\r\n"):
        assert len(line) <= 76
        assert re.fullmatch(rb"[ -~]*", line)
        assert not line.startswith((b".", b"From "))
        assert not line.endswith(b" ")
        assert b"  " not in line


@given(ODD | ANY)
def test_no_boundary_of_ours_can_occur_in_encoded_text(text: str) -> None:
    """Quoted-printable writes two hexadecimal digits or a line end after `=`, never `_`."""
    assert b"=_" not in quoted_printable(text)


@given(st.text(alphabet="ab./=?&%. ", max_size=300) | ANY.filter(lambda text: "\n" not in text))
def test_a_value_between_fences_is_one_more_piece_of_the_text(value: str) -> None:
    """A value encoded alone and joined between two fences decodes as if it had been there."""
    raw = b"<" + FENCE + quoted_value(value) + FENCE + b">"
    assert quopri.decodestring(raw.replace(b"\r\n", b"\n")).decode() == f"<{value}>"
    assert all(len(line) <= 76 and not line.startswith(b".") for line in raw.split(b"\r\n"))


@given(st.from_regex(r"[!-\-/-~][!-~]{0,200}", fullmatch=True))
def test_the_fast_way_gives_the_same(value: str) -> None:
    """What is known to have no space is encoded as anything else is."""
    assert quoted_solid(value) == quoted_value(value)


@given(ANY, ANY, ANY)
def test_a_skeleton_holds_everything_but_the_values(before: str, between: str, after: str) -> None:
    """Filling a skeleton with values gives the text with the values in the places of the words."""
    text = f"{before}QONEQ{between}QTWOQ{after}"
    pieces = cut(text, {"QONEQ": "one", "QTWOQ": "two"}, encode=quoted_printable, fence=FENCE)
    raw = skeleton(pieces).fill({"one": b"1", "two": b""}, whole=True)
    assert quopri.decodestring(raw.replace(b"\r\n", b"\n")).decode() == f"{before}1{between}{after}"


def test_what_is_optional_is_left_out_whole() -> None:
    """Between the enclosing words, constants and values are there for some and not for others."""
    words = {"QWQ": "whenpreferences", "QEQ": "endpreferences", "QPQ": "preferences"}
    bones = skeleton(cut("a QWQb QPQ cQEQ d", words, encode=str.encode))
    assert bones.fill({"preferences": b"P"}, whole=True) == b"a b P c d"
    assert bones.fill({"preferences": b""}, whole=False) == b"a  d"

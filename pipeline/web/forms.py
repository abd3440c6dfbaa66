"""What a browser's form says: small, in one coding, and read in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias
from urllib.parse import parse_qs

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

MOST, MOST_FIELDS = 16_384, 100
"""Octets and fields of a form."""

TOO_LARGE, UNSUPPORTED, BAD = 413, 415, 400
CODING = "application/x-www-form-urlencoded"

READ = ["GET", "HEAD"]
"""The methods that change nothing."""

Said: TypeAlias = Mapping[str, list[str]]


async def read(request: Request) -> Said:
    """The fields of a form, each with all its values.

    Raises:
        HTTPException: It is too large, in another coding, or not UTF-8.
    """
    if request.headers.get("content-type", CODING).partition(";")[0].strip().lower() != CODING:
        raise HTTPException(UNSUPPORTED)
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > MOST:
            raise HTTPException(TOO_LARGE)
    try:
        return parse_qs(
            raw.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise HTTPException(BAD) from error


Form: TypeAlias = Annotated[Said, Depends(read)]


def first(said: Said, name: str) -> str:
    """A field that stands there once; empty if it does not."""
    return said.get(name, [""])[0].strip()

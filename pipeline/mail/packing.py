"""A compiled message as bytes that are kept, so that not every sender of it compiles it again."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from typing import Any

from pipeline.mail.message import Compiled
from pipeline.mail.skeleton import Skeleton

_LEVEL = 1
"""Of zlib: a fifth of the size in a thousandth of a second; more costs more than it saves."""


def pack(compiled: Compiled) -> bytes:
    """The message as bytes; `unpack` reads them."""
    said: dict[str, Any] = asdict(compiled)
    bones = compiled.skeleton
    said["skeleton"] = {
        "segments": [one.decode("latin-1") for one in bones.segments],
        "slots": bones.slots,
        "optional": bones.optional,
    }
    return zlib.compress(json.dumps(said).encode("ascii"), _LEVEL)


def unpack(packed: bytes) -> Compiled:
    """The message as it was compiled."""
    said: dict[str, Any] = json.loads(zlib.decompress(packed))
    bones = said.pop("skeleton")
    return Compiled(
        skeleton=Skeleton(
            segments=tuple(one.encode("latin-1") for one in bones["segments"]),
            slots=tuple((index, name) for index, name in bones["slots"]),
            optional=tuple(bones["optional"]),
        ),
        **said,
    )

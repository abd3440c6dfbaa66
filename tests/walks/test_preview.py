"""A preview has pictures of the very mail, at each width, in light and dark."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.test_pictures import png
from tests.sites import make_site, write_guide
from tests.walks.test_tools import _colours

pytestmark = [pytest.mark.tools, pytest.mark.timeout(120)]
LIGHT, DARK = (0xFB, 0xF9, 0xF5), (0x15, 0x17, 0x1A)


def test_pictures_are_of_the_mail(tmp_path: Path) -> None:
    """Paper in the light, night in the dark; a picture of the guide's own is seen."""
    site = make_site(tmp_path / "site")
    path = write_guide(site)
    (site / "content/hive.png").write_bytes(png(300, 200, 0x77))
    path.write_text(
        path.read_text("utf-8").replace("Paragraph 0", "![A hive](hive.png) So"), "utf-8"
    )
    command = [sys.executable, "-m", "pipeline", "--site", str(site), "preview", "water", "1"]
    subprocess.run([*command, "--out", str(tmp_path / "out")], check=True, capture_output=True)  # noqa: S603
    for width in (375, 600, 800):
        for scheme, paper in (("light", LIGHT), ("dark", DARK)):
            raw = (tmp_path / f"out/water-1.{width}.{scheme}.png").read_bytes()
            wide, high = struct.unpack(">II", raw[16:24])
            assert wide == width
            assert high > 500
            colours = _colours(raw)
            assert max(colours, key=lambda one: colours[one]) == paper
            assert colours.get((0x77, 0x77, 0x77), 0) > 10_000

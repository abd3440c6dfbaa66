"""A browser that is installed, as a camera: an HTML document in, PNG pictures out.

Nothing of ours needs one; previews have pictures where Chromium or Chrome is found. Give it only
documents of ours: what they name is fetched.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import BrowserError

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
TIMEOUT = 60.0
"""Seconds for one picture."""
LOWEST, HIGHEST = 200, 16_000
"""Pixels of a picture's height: what is longer is cut."""

_FLAGS = (
    "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars",
)  # fmt: skip
_MEASURE = "<script>document.title = document.documentElement.scrollHeight</script>"
_TITLE = re.compile(r"<title>(\d+)</title>")


def installed() -> str | None:
    """The path of a browser that can be used; None if there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def pictures(
    program: str, document: str, widths: Sequence[int], schemes: Sequence[str]
) -> Iterator[tuple[int, str, bytes]]:
    """The document at each width, in each colour scheme: width, scheme, PNG.

    Args:
        program: By `installed`.
        document: HTML.
        widths: In pixels of CSS.
        schemes: Of `light` and `dark`.

    Raises:
        BrowserError: It ended without a picture.
    """
    with tempfile.TemporaryDirectory(prefix="partwork-") as folder:
        camera = _Camera(program, Path(folder))
        camera.load(document)
        for width in widths:
            height = camera.height(width)
            for scheme in schemes:
                yield width, scheme, camera.picture(width, height, scheme)


class _Camera:
    """A browser with a profile of its own, which is thrown away."""

    def __init__(self, program: str, folder: Path) -> None:
        self._folder = folder
        self._page = folder / "page.html"
        self._measured = folder / "measured.html"
        sandbox = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
        self._command = (program, *_FLAGS, *sandbox, f"--user-data-dir={folder / 'profile'}")

    def load(self, document: str) -> None:
        """Keep the document, and one that tells its height."""
        self._page.write_text(document, encoding="utf-8")
        title = re.sub(r"<title>.*?</title>", "<title></title>", document, flags=re.DOTALL)
        self._measured.write_text(title + _MEASURE, encoding="utf-8")

    def height(self, width: int) -> int:
        """How high the document is at this width."""
        said = self._run(f"--window-size={width},{LOWEST}", "--dump-dom", self._measured.as_uri())
        found = _TITLE.search(said.decode("utf-8", "replace"))
        if found is None:
            raise BrowserError(self._command[0], "did not say how high the page is")
        return min(max(int(found[1]), LOWEST), HIGHEST)

    def picture(self, width: int, height: int, scheme: str) -> bytes:
        """The whole document as a PNG."""
        target = self._folder / "picture.png"
        target.unlink(missing_ok=True)
        dark = ("--blink-settings=preferredColorScheme=0",) if scheme == "dark" else ()
        size, shot = f"--window-size={width},{height}", f"--screenshot={target}"
        self._run(size, shot, *dark, self._page.as_uri())
        if not target.is_file():
            raise BrowserError(self._command[0], "took no picture")
        return target.read_bytes()

    def _run(self, *arguments: str) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 -- a browser of the operator's
                [*self._command, *arguments],
                capture_output=True,
                check=True,
                timeout=TIMEOUT,
            )
        except subprocess.TimeoutExpired as error:
            said = f"did not answer within {TIMEOUT:.0f} seconds"
            raise BrowserError(self._command[0], said) from error
        except (OSError, subprocess.CalledProcessError) as error:
            raise BrowserError(self._command[0], "ended without an answer") from error
        return done.stdout

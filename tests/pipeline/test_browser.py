"""browser: what goes wrong with a camera is told in one line; that it takes pictures is a walk."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import browser
from pipeline.errors import BrowserError


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "ended without an answer; leave pictures out with --no-png"),
        ("echo '<title>what</title>'", "did not say how high the page is"),
        ("echo '<title>400</title>'", "took no picture"),
    ],
)
def test_a_camera_that_fails_is_told(tmp_path: Path, script: str, said: str) -> None:
    """Whatever the program does in place of a picture."""
    program = tmp_path / "camera"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(BrowserError, match=said):
        list(browser.pictures(str(program), "<p>x</p>", (375,), ("light",)))


def test_a_camera_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Also one that was there when it was looked for."""
    with pytest.raises(BrowserError, match="ended without an answer"):
        list(browser.pictures(str(tmp_path / "none"), "<p>x</p>", (375,), ("light",)))


def test_without_a_browser_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And previews go without pictures."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser.installed() is None

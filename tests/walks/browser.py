"""Chromium as Debian has it, driven by Playwright."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from tests.walks.test_tools import tool

FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that nothing on the net is asked for."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=tool("chromium"), args=FLAGS)
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

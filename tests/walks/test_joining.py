"""A person joins, reads, chooses and leaves: a browser without scripts, a real mail server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.ports import free_port
from tests.sites import make_site, write_guide
from tests.walks.browser import AXE, JUDGE, RULES, chromium, nu_faults

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
ME = "robin@example.org"
CROWD = 3000
"""Others who follow the same guide: at 250 messages a second an issue takes them 12 seconds."""

DAILY = 'cadence: "daily 09:00"\nstart: first-run\n'
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)  # noqa: TID251 -- the daemon has no other clock
LATE = f'cadence: "cron * * * * *"\nstart: {YESTERDAY}\n'
"""Behind from the start: a part every half minute, until it has caught up."""

PICTURES = Path(os.environ["PARTWORK_PICTURES"]) if "PARTWORK_PICTURES" in os.environ else None
"""Where to keep pictures of the pages, for docs/."""

SETTINGS = """
[site]
title = "Serials"
base_url = "http://127.0.0.1:{web}"
from = "parts@example.org"
reply_to = "editor@example.org"
postal_address = "1 Example Street"
[smtp]
host = "127.0.0.1"
port = {smtp}
rate = 250
[web]
port = {web}
"""


@dataclass
class Mailbox:
    """What the server took, and when."""

    taken: list[tuple[float, str, bytes, str]] = field(default_factory=list)
    """When, to whom, its bytes, its subject."""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        """Take it."""
        head = BytesHeaderParser(policy=policy.default).parsebytes(envelope.content[:4000])
        subject = str(head["Subject"])
        self.taken.append((time.monotonic(), envelope.rcpt_tos[0], envelope.content, subject))
        return "250 2.0.0 taken"

    def mine(self) -> list[EmailMessage]:
        """What I got."""
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(raw) for _, to, raw, _ in list(self.taken) if to == ME]

    def wait(self, subject: str, seconds: float = 40) -> EmailMessage:
        """The message to me whose subject says so, when it comes."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for one in self.mine():
                if subject in str(one["Subject"]):
                    return one
            time.sleep(0.1)
        raise AssertionError([str(one["Subject"]) for one in self.mine()])


@dataclass
class Place:
    """A site, served by the daemon, and the mail server that it sends through."""

    url: str
    folder: Path
    box: Mailbox


@contextmanager
def running(folder: Path, front: str, crowd: int = 0) -> Iterator[Place]:
    """The daemon at work."""
    web, smtp, box = free_port(), free_port(), Mailbox()
    site = make_site(folder / "site", SETTINGS.format(web=web, smtp=smtp))
    write_guide(site, parts=5, front=front)
    if crowd:
        rows = (f"r{n}@example.org,2026-01-01,page\n" for n in range(crowd))
        (folder / "crowd.csv").write_text("email,consent_at,consent_source\n" + "".join(rows))
        command = ["-m", "pipeline", "--site", str(site), "subscriber", "import"]
        subprocess.run(  # noqa: S603 -- ourselves
            [sys.executable, *command, str(folder / "crowd.csv")], cwd=ROOT, check=True,
            capture_output=True,
        )  # fmt: skip
    server = Controller(box, hostname="127.0.0.1", port=smtp)
    server.start()
    daemon = subprocess.Popen(  # noqa: S603 -- ourselves
        [sys.executable, "-m", "scheduler", "--site", str(site)], cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield Place(f"http://127.0.0.1:{web}/", site, box)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(30)
        server.stop()


def opened(place: Place, page: Page, path: str = "") -> None:
    """Open a page, once the daemon answers."""
    until = time.monotonic() + 90
    while True:
        try:
            page.goto(place.url + path)
        except Error:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def window(browser: Browser, width: int, *, scripts: bool) -> BrowserContext:
    """A window, a narrow one in the dark; with scripts, also with those that judge."""
    return browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if width < 600 else "light",
        java_script_enabled=scripts,
        bypass_csp=scripts,
    )


def says(page: Page, words: str) -> None:
    """The page says so, as soon as it is there."""
    page.get_by_text(words).first.wait_for()


def press(page: Page, button: str, said: str) -> None:
    """Press a button, and read what the page says then."""
    page.get_by_role("button", name=button).first.click()
    says(page, said)


def link(message: EmailMessage, start: str) -> str:
    """The address in a message that begins so."""
    text = message.get_body(("plain",))
    assert text is not None
    found = re.search(rf"http://127\.0\.0\.1:\d+/{start}\S+", text.get_content())
    assert found
    return found[0]


def pictured(page: Page, name: str) -> None:
    """Keep a picture of the page, where that is asked for."""
    if PICTURES:
        page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def keyed(page: Page, name: str) -> None:
    """Reach a button by the keyboard alone, and press it."""
    button = page.get_by_role("button", name=name).first
    for _ in range(80):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{name} cannot be reached")


def join(place: Place, page: Page) -> EmailMessage:
    """From the form to part 1."""
    page.get_by_label("Your mail address").fill(ME)
    time.sleep(1.1)  # people take their time
    keyed(page, "Send me the letter")
    says(page, "Look into your mailbox")
    page.goto(link(place.box.wait("Please confirm"), "u/confirm/"))
    keyed(page, "Yes, send it to me")
    says(page, "It is confirmed")
    place.box.wait("Welcome")
    return place.box.wait(", 1 of 5", 120)


def change(page: Page, width: int) -> None:
    """Everything that can be changed."""
    page.get_by_text("Change").first.click()
    pictured(page, f"preferences-{width}")
    page.get_by_label("Pace").select_option("weekdays")
    press(page, "Keep this pace", "That is saved.")
    page.get_by_text("Change").first.click()
    press(page, "Pause", "Paused until")
    press(page, "Go on now", "It goes on.")
    page.get_by_label("Name").fill("Robin")
    press(page, "Save", "That is saved.")
    assert page.get_by_label("Name").input_value() == "Robin"


@pytest.mark.parametrize("width", [375, 1280])
def test_a_person_comes_and_goes(tmp_path: Path, width: int) -> None:
    """Join, confirm, read, change, pause, leave, undo, erase: no script, cookie or other host."""
    asked: list[str] = []
    with running(tmp_path, DAILY) as place, chromium() as browser:
        context = window(browser, width, scripts=False)
        context.on("request", lambda one: asked.append(one.url))
        page = context.new_page()
        opened(place, page)
        page.get_by_role("link", name="A guide to water").first.click()
        page.get_by_role("link", name="Get it by mail").click()
        pictured(page, f"join-{width}")
        first = join(place, page)
        page.goto(link(first, "u/me/"))
        change(page, width)
        page.goto(link(first, r"u/\d"))
        press(page, "Leave", "No more parts")
        press(page, "That was a mistake", "You are back")
        page.goto(link(first, "u/me/"))
        page.get_by_role("link", name="Erase it").click()
        press(page, "Erase everything about me", "You are forgotten")
        gone = page.goto(link(first, "u/me/"))
        assert gone is not None
        assert gone.status == 410
        assert context.cookies() == []
        assert {url for url in asked if not url.startswith(place.url)} == set()
    files = (path for path in place.folder.rglob("*") if path.is_file())
    assert [path for path in files if ME.encode() in path.read_bytes()] == []


def sent(place: Place, part: int) -> int:
    """How many messages of a part were taken."""
    return sum(one[3].endswith(f", {part} of 5") for one in list(place.box.taken))


def until_sent(place: Place, part: int, number: int, seconds: float = 170) -> None:
    """Wait until so many messages of a part were taken."""
    end = time.monotonic() + seconds
    while sent(place, part) < number:
        assert time.monotonic() < end, sent(place, part)
        time.sleep(0.2)


def test_who_leaves_while_it_goes_out_gets_nothing_more(tmp_path: Path) -> None:
    """One POST, as mail programs send it, while an issue goes to thousands, is the last word."""
    crowded = running(tmp_path, LATE, CROWD)
    with crowded as place, chromium() as browser:
        page = browser.new_context(java_script_enabled=False).new_page()
        opened(place, page, "join/water/")
        first = join(place, page)
        page.goto(link(first, "u/me/"))
        page.get_by_text("Change").first.click()
        press(page, "Follow as it is released", "From now on it comes")
        until_sent(place, 2, 300)
        post = re.match(r"<([^>]+)>", str(first["List-Unsubscribe"]))
        assert post
        request = urllib.request.Request(post[1], data=b"List-Unsubscribe=One-Click")  # noqa: S310 -- ours
        with urllib.request.urlopen(request) as answer:  # noqa: S310 -- ours
            assert answer.status == 200
        left_at = time.monotonic()
        until_sent(place, 2, CROWD)
        assert [one[3] for one in place.box.taken if one[1] == ME and one[0] > left_at + 1] == []
        assert not any(", 2 of 5" in str(one["Subject"]) for one in place.box.mine())


PAGES = ("join/", "join/water/", "u/asked/", "privacy/", "search/?q=rivers", "drip/water/", "")


def faults_of(browser: Browser, path: str, width: int, folder: Path) -> list[tuple[str, str, str]]:
    """What axe finds on a page, which must not scroll sideways; the page is kept for Nu."""
    context = window(browser, width, scripts=True)
    try:
        page = context.new_page()
        page.goto(path)
        kept = folder / f"{len(list(folder.iterdir()))}.html"
        kept.write_text(page.content(), "utf-8")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.evaluate(AXE)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        said = json.loads(page.evaluate(JUDGE, RULES))
        return [(path, one["id"], str(one["nodes"][0]["html"])) for one in said]
    finally:
        context.close()


def test_pages_of_people_are_for_everybody(tmp_path: Path) -> None:
    """Axe and Nu find no fault with any of them, wide and narrow, light and dark."""
    folder = tmp_path / "pages"
    folder.mkdir()
    with running(tmp_path, DAILY) as place, chromium() as browser:
        page = browser.new_context(java_script_enabled=False).new_page()
        opened(place, page, "join/water/")
        first = join(place, page)
        (folder / "confirmed.html").write_text(page.content(), "utf-8")
        mine = link(first, "u/me/")
        paths = [*(place.url + one for one in PAGES), mine, f"{mine}/erase", link(first, r"u/\d")]
        faults = [
            one
            for path in paths
            for width in (375, 1280)
            for one in faults_of(browser, path, width, folder)
        ]
    assert faults == []
    assert [one for one in nu_faults(folder) if "theme-color" not in one[2]] == []

"""Judges of other hands over every kind of mail: Chromium, axe, Nu, SpamAssassin.

`make walks` installs and drives them; `make test` leaves them out.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pipeline import dkim, mail, wording
from pipeline.mail.frame import Slots
from pipeline.mail.inline import inline
from pipeline.mail.letter import letter_source
from pipeline.mail.render import source
from pipeline.model import Correction, Issue, Link, Paragraph, Picture, Section, Site, Text
from tests import mails
from tests.walks.browser import AXE, JUDGE, RULES, chromium, nu_faults, shown
from tests.walks.test_tools import tool

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]
SLOTS = Slots("JUDGED")
WIDTHS = (375, 600, 800)
SCHEMES = ("light", "dark")
ARABIC = (
    mails.said("النوم دورات. يقول بعضهم إن أكثرنا يحتاج إلى خمس منها في الليلة."),
    Paragraph(
        (Text("انظر "), Link("https://www.example.org/", (Text("هذه المراجعة"),)), Text(".")),
        mails.HERE,
    ),
)


@cache
def site() -> Site:
    """A site with a logo, whose reader sees every block that there is."""
    logo = Picture("media/0123456789abcdef/logo.png", 120, 40)
    return replace(mails.polyglot(), logo=logo, demonstration=True)


def inner(count: int) -> tuple[Section, ...]:
    """Sections inside a part."""
    return tuple(
        mails.section(mails.said(f"Words {n}."), title=f"Inside {n}", id=f"i{n}", number="")
        for n in range(count)
    )


def issues() -> dict[str, Issue]:
    """Each kind of issue."""
    everything = replace(mails.EVERYTHING, children=inner(3))
    corrected = (Correction(mails.AT, "Two numbers were exchanged."),)
    arabic = mails.section(*ARABIC, title="كيف يعمل النوم")
    return {
        "everything": mails.issue(sections=(everything,), corrections=corrected),
        "german": mails.issue(lang="de", sections=(everything,)),
        "french": mails.issue(lang="fr", sections=(everything,)),
        "arabic": mails.issue(
            lang="ar", sections=(arabic, everything), subject="كيف يعمل", guide_title="النوم"
        ),
        "long": mails.issue(number=61, of=90, upcoming=None),
        "alone": mails.issue(number=1, of=1, upcoming=None),
        "bare": mails.plain_issue(mails.said("Nothing but words.")),
    }


def beside(name: str) -> mail.Beside:
    """What stands in a mail besides its issue."""
    previous = mails.issue(number=1, subject="Why we sleep", path="sleep-and-mood/1-why/")
    return mail.Beside(previous if name == "everything" else None, is_test=name == "german")


def letters() -> dict[str, mail.Letter]:
    """Each kind of letter, one of them in Arabic."""
    corrected = mails.issue(corrections=(Correction(mails.AT, "Two numbers were exchanged."),))
    found = {}
    for kind in mail.LetterKind:
        some = {"digest": (mails.issue(), mails.issue(number=3)), "correction": (corrected,)}
        held = some.get(kind.value, ())
        path = "sleep-and-mood/"
        found[kind.value] = mail.Letter(kind, "en", path, "sleep", "Sleep and mood", held)
    welcome = mail.LetterKind.WELCOME
    found["arabic letter"] = mail.Letter(welcome, "ar", "sleep/", "sleep", "النوم")
    return found


@cache
def compiled(name: str) -> mail.Compiled:
    """The mail of this name."""
    if name in letters():
        return mail.compile_letter(letters()[name], site(), mails.templates())
    return mail.compile(issues()[name], site(), mails.templates(), beside(name))


@cache
def raw(name: str) -> bytes:
    """The message of this name to a reader with an odd name."""
    reader = mails.recipient(
        name="Zoë <b>&amp; Söhne",
        preferences_url=site().url("p/abcdefghijklmnopqrstuvwxyz"),
        action_url=site().url("c/abcdefghijklmnopqrstuvwxyz"),
    )
    return mail.address(compiled(name), reader).body


def document(name: str) -> str:
    """Its HTML part as a mail program gets it."""
    return mails.parts(raw(name))[1]


NAMES = (*issues(), *letters())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all."""
    with chromium() as found:
        yield found


COMPUTED = """() => JSON.stringify([...document.querySelectorAll('body, body *')].map(element => {
  const style = getComputedStyle(element), found = {};
  for (const name of style) found[name] = style.getPropertyValue(name);
  return [element.tagName, element.className, found];
}))"""


def uninlined(name: str) -> str:
    """The document before its style is inlined."""
    if name in letters():
        return letter_source(letters()[name], site(), mails.templates(), SLOTS)[0]
    return source(issues()[name], site(), mails.templates(), SLOTS, beside(name))


@pytest.mark.parametrize("name", NAMES)
def test_inlining_changes_nothing_that_is_seen(browser: Browser, name: str) -> None:
    """Every property of every element is computed to what it was before its style was inlined."""
    before = uninlined(name)
    after = inline(before, name)
    for width, scheme in ((375, "dark"), (800, "light")):
        found = []
        for each in (before, after):
            with shown(browser, each, width=width, scheme=scheme) as page:
                found.append(json.loads(page.evaluate(COMPUTED)))
        assert len(found[0]) == len(found[1])
        differing = [
            (one[0], one[1], key, value, other[2][key])
            for one, other in zip(*found, strict=True)
            for key, value in one[2].items()
            if other[2][key] != value
        ]
        assert differing == [], (width, scheme)


@pytest.mark.parametrize("name", NAMES)
def test_everyone_can_read_it(browser: Browser, name: str) -> None:
    """Axe finds no fault by WCAG 2.2 AA, contrast included; nothing is wider than the window."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            with shown(browser, document(name), width=width, scheme=scheme) as page:
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{wide} in {width}"
                page.evaluate(AXE)
                said = json.loads(page.evaluate(JUDGE, RULES))
            faults = [
                (one["id"], node["html"][:160], node["failureSummary"][:300])
                for one in said
                for node in one["nodes"]
            ]
            assert faults == [], (width, scheme)


def test_it_reads_well_without_pictures(browser: Browser) -> None:
    """Pictures that do not come leave their words, and nothing that was hidden is shown."""
    with shown(browser, document("everything"), width=600, scheme="light") as page:
        text = page.inner_text("body")
        broken = page.evaluate("Array.from(document.images).map(one => one.complete)")
    assert broken
    assert "A curve with five waves" in document("everything")
    assert text.count("Sleep comes in cycles.") == 1, "the preheader is not seen"


def test_arabic_is_mirrored(browser: Browser) -> None:
    """What begins on the left in English begins as far from the right in Arabic."""
    place = """() => ['h1', '.number', '.text p', '.block h2'].map(name => {
      const box = document.querySelector(name).getBoundingClientRect();
      return [box.left, innerWidth - box.right];
    })"""
    found = []
    for name in ("everything", "arabic"):
        with shown(browser, document(name), width=600, scheme="light") as page:
            found.append(page.evaluate(place))
            starts = page.evaluate("getComputedStyle(document.querySelector('.text p')).textAlign")
            assert starts.endswith("left" if name == "everything" else "right")
    for (left, _), (_, right) in zip(*found, strict=True):
        assert abs(left - right) < 2


ALLOWED = re.compile(
    r"xmlns:o|obsolete\. Use CSS|mso-hide|mso-padding-alt|supported-color-schemes"
    r"|“color-scheme”|text-decoration-thickness|“break-word” is deprecated"
)
"""What mail needs and the web does not: a name for Outlook, attributes of tables, properties of
Microsoft's and Apple's; two that are newer than the checker; a value that all browsers know."""


def test_nu_finds_no_fault(tmp_path: Path) -> None:
    """The W3C's checker, but for what mail programs alone ask for."""
    for name in NAMES:
        (tmp_path / f"{name}.html").write_text(document(name), "utf-8")
    faults = [one for one in nu_faults(tmp_path) if not ALLOWED.search(one[1])]
    assert faults == []


SCORE = re.compile(r"^\s*(-?\d+\.\d)\s+([A-Z0-9_]+)", re.MULTILINE)
ARTEFACTS = {"NO_RECEIVED", "NO_RELAYS"}
"""What is said of a message that no server has passed on yet."""


@pytest.mark.parametrize("name", NAMES)
def test_spamassassin_takes_it_for_mail(name: str) -> None:
    """Debian's rules, offline: at most half a point in all, and no rule of more."""
    done = subprocess.run(  # noqa: S603 -- ours
        [tool("spamassassin"), "-L", "-t"], input=raw(name), capture_output=True, check=True
    )
    report = done.stdout.decode("utf-8", "replace").rpartition("Content analysis details:")[2]
    rules = {rule: float(score) for score, rule in SCORE.findall(report)}
    assert report
    counted = {rule: score for rule, score in rules.items() if rule not in ARTEFACTS}
    assert sum(counted.values()) <= 0.5, rules
    assert all(score <= 0.5 for score in counted.values()), rules


def test_a_signed_message_is_as_good() -> None:
    """Signatures do not stand in the way of anything that was judged."""
    keys = tuple(dkim.read_key(dkim.make_key(kind), kind[:2], "k") for kind in dkim.KeyKind)
    signed = dkim.sign(raw("everything"), dkim.Signer("serials.example.org", keys), mails.AT)
    assert mails.parsed(signed).defects == []
    assert mails.parts(signed) == mails.parts(raw("everything"))


def test_every_language_is_judged() -> None:
    """A catalogue that is added is judged as well."""
    assert {wording.voice(one.lang, site()).lang for one in issues().values()} == {
        "en", *site().catalogues,
    }  # fmt: skip


GOLDEN = Path(__file__).parents[1] / "golden"
DIFFERENCE = """async ([one, other]) => {
  const pixels = await Promise.all([one, other].map(async data => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + data;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return [image.height, context.getImageData(0, 0, image.width, image.height).data];
  }));
  const [[height, first], [otherHeight, second]] = pixels;
  let differing = 0;
  const count = Math.min(first.length, second.length) / 4;
  for (let at = 0; at < count * 4; at += 4) {
    const apart = Math.max(...[0, 1, 2].map(n => Math.abs(first[at + n] - second[at + n])));
    differing += apart > 48;
  }
  return [Math.abs(height - otherHeight) / height, differing / count];
}"""


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (600, "dark")])
def test_it_looks_as_it_did(browser: Browser, width: int, scheme: str) -> None:
    """Without pictures, which did not come, it is what was looked at and found good.

    `PARTWORK_GOLDEN=1 pytest -m tools tests/walks/test_mail_judges.py` takes the pictures anew:
    open them, and look, before they are committed.
    """
    kept = GOLDEN / f"mail-{width}-{scheme}.png"
    with shown(browser, document("everything"), width=width, scheme=scheme) as page:
        taken = page.screenshot(full_page=True)
        if "PARTWORK_GOLDEN" in os.environ:
            kept.write_bytes(taken)
        pair = [base64.b64encode(one).decode() for one in (kept.read_bytes(), taken)]
        height, pixels = page.evaluate(DIFFERENCE, pair)
    assert height < 0.02
    assert pixels < 0.02

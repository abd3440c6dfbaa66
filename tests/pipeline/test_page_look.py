"""page: the look: colours, the stylesheet, progress, languages, the rhythm in words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import page
from pipeline.errors import UsageError
from pipeline.model import Image, Paragraph, Site
from pipeline.page.colour import DARK_PAPER, ENOUGH, PAPER, contrast
from pipeline.page.rhythm import in_words
from pipeline.schedule import parse_cadence
from pipeline.schedule.cadence import ACCEPTED
from tests.mails import HERE, SITE, issue, plain_issue, said
from tests.pages import OURS, TEMPLATES, Reading, pages, serial


def test_a_language_has_its_direction() -> None:
    """Arabic runs from right to left, and the page says so."""
    arabic = page.issue_page(issue(lang="ar"), serial(out=1), SITE, OURS)
    assert '<html lang="ar" dir="rtl">' in arabic
    assert '<html lang="en" dir="ltr">' in page.issue_page(issue(), serial(out=1), SITE, OURS)


def test_the_accent_is_the_sites() -> None:
    """Its own colours are in the stylesheet, for light and for dark."""
    site = Site(SITE.base_url, "S", SITE.sender, "x", accent="#7a1f1f", accent_dark="#f0b0b0")
    sheet = page.stylesheet(site, OURS)
    assert "--accent: #7a1f1f" in sheet
    assert "--accent: #f0b0b0" in sheet
    assert "{{" not in sheet


COLOURS = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)


@given(COLOURS, COLOURS)
def test_contrast_is_a_ratio(one: str, other: str) -> None:
    """Between 1 and 21, the same either way round, 1 with itself."""
    assert 1 <= contrast(one, other) <= 21.01
    assert contrast(one, other) == contrast(other, one)
    assert contrast(one, one) == 1


def test_contrast_is_wcags() -> None:
    """Black on white is 21; the known edge #767676 passes on white and #777777 does not."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") >= ENOUGH > contrast("#777777", "#ffffff")


def test_the_look_can_be_read() -> None:
    """Ink, muted text and accent reach 4.5 on their paper, light and dark."""
    sheet = (TEMPLATES / "page/style.css").read_text("utf-8")
    names = ("paper", "ink", "muted", "line", "shade")
    found = re.findall(" ".join(rf"--{name}: (#\w+);" for name in names), sheet)
    assert [paper for paper, *_ in found] == [PAPER, DARK_PAPER]
    for paper, ink, muted, _, shade in found:
        for ground in (paper, shade):
            assert min(contrast(ink, ground), contrast(muted, ground)) >= ENOUGH
    page.check_accents(SITE.accent, SITE.accent_dark)


@pytest.mark.parametrize(
    ("accent", "dark"),
    [("#dddddd", "#8fb8de"), ("#1f4e79", "#222222"), ("red", "#8fb8de")],
)
def test_an_accent_that_cannot_be_read_is_refused(accent: str, dark: str) -> None:
    """With its contrast, and what is needed."""
    with pytest.raises(UsageError, match=r"contrast|no colour"):
        page.check_accents(accent, dark)


def test_a_stylesheet_with_such_an_accent_is_not_made() -> None:
    """Whoever forgot to ask first is stopped here, also before what is no colour at all."""
    with pytest.raises(UsageError):
        page.stylesheet(replace(SITE, accent="#1f4e79; } body { display: none"), OURS)


def test_the_stylesheet_is_asked_for_anew_when_it_changes() -> None:
    """Its address follows its content: the same from all pages, another for another accent."""

    def asked(site: Site) -> set[str]:
        made = [*pages(serial(), site=site).values(), page.error_page(404, site, OURS)]
        return {one for html in made for one in re.findall(r"partwork\.css[^\"]*", html)}

    (here,), (there,) = asked(SITE), asked(replace(SITE, accent="#7a1f1f"))
    assert here != there
    assert re.fullmatch(r"partwork\.css\?v=[0-9a-f]{10}", here)


def test_the_numeral_and_the_ticks_say_the_same() -> None:
    """How far it has come is told in a number, in ticks, and in words for those who see neither."""
    html = page.issue_page(issue(number=2, of=6), serial(of=6), SITE, OURS)
    assert "<b>2</b> <span>of 6</span>" in html
    assert (html.count('<i class="come"></i>'), html.count("<i></i>")) == (2, 4)
    assert '<span class="unseen">Part 2 of 6</span>' in html


def test_a_guide_of_many_parts_has_one_bar() -> None:
    """More than forty ticks would be too small to see."""
    html = page.guide_page(serial(out=3, of=41), SITE, OURS)
    assert "<i>" not in html
    assert '<rect class="come" width="3" height="1"/>' in html
    assert "3 of 41 parts have appeared" in html


def test_a_guide_of_one_part_counts_nothing() -> None:
    """No numeral, no ticks, no list of parts, and the end says that this was all."""
    html = page.issue_page(issue(number=1, of=1), serial(out=1, of=1), SITE, OURS)
    assert "numeral" not in html
    assert "of 1" not in html
    assert "complete in this one part" in html


def test_words_of_another_language_are_marked() -> None:
    """On an Arabic page ours are English, on an English page a guide's are Arabic; else nothing."""
    one = serial(out=1, lang="ar")
    arabic = page.issue_page(replace(one.issues[0], lang="ar"), one, SITE, OURS)
    assert '<h2 id="share" class="label" lang="en" dir="ltr">' in arabic
    assert '<a href="sleep/" lang="ar" dir="rtl">' in page.site_page((one,), (), SITE, OURS)
    assert "lang=" not in page.site_page((serial(),), (), SITE, OURS).split("<head>")[1]
    british = replace(serial(out=1).issues[0], lang="en-GB")
    assert 'lang="en"' not in page.issue_page(british, serial(out=1), SITE, OURS)


def test_what_is_too_wide_can_be_moved_by_keyboard() -> None:
    """Tables and code scroll in a box of their own; what only looks like a table does not."""
    everything = page.issue_page(issue(), serial(out=1), SITE, OURS)
    assert everything.count('<div class="scroll" tabindex="0" role="group"><table>') == 1
    assert everything.count("</table></div>") == 1
    assert everything.count('<pre tabindex="0">') == 1
    picture = Paragraph((Image("https://x.example.org/a.png", "<table> </pre> <pre>"),), HERE)
    quiet = page.issue_page(plain_issue(picture, said("a <table>")), serial(out=1), SITE, OURS)
    assert "tabindex" not in quiet
    assert Reading(quiet).wrong == []


RHYTHMS = {
    "daily 09:00": "every day at 9:00, Berlin time",
    "every 3 days 09:00": "every 3 days at 9:00, Berlin time",
    "every 1 day": "every day at 9:00, Berlin time",
    "3d 18:05": "every 3 days at 18:05, Berlin time",
    "every 2 weeks 09:00": "every 2 weeks at 9:00, Berlin time",
    "weekdays 07:30": "every weekday at 7:30, Berlin time",
    "weekly thu, mon 09:00": "every Monday and Thursday at 9:00, Berlin time",
    "weekly monday wed fri": "every Monday, Wednesday and Friday at 9:00, Berlin time",
    "every week sun": "every Sunday at 9:00, Berlin time",
    "weekly": "every week at 9:00, Berlin time",
    "monthly 1 00:30": "on the 1st of every month at 0:30, Berlin time",
    "monthly 31 09:00": "on the 31st of every month or its last day at 9:00, Berlin time",
    "cron 0 9 * * 1": "",
}


@pytest.mark.parametrize("cadence", RHYTHMS)
def test_a_cadence_is_said_in_words(cadence: str) -> None:
    """Every form that the calendar takes, in the zone of the guide; but not a cron expression."""
    parse_cadence(cadence)
    assert in_words(cadence, "Europe/Berlin") == RHYTHMS[cadence]
    one = replace(serial(), cadence=cadence)
    assert ("A new part" in page.guide_page(one, SITE, OURS)) == bool(RHYTHMS[cadence])


def test_every_cadence_that_is_advised_has_words() -> None:
    """What people are told to write is what we can say, but for cron."""
    advised = re.findall(r"`([^`]+)`", ACCEPTED)
    assert len(advised) > 4
    assert [one for one in advised if not in_words(one, "UTC")] == ["cron 0 9 * * 1"]


def test_a_complete_guide_promises_nothing() -> None:
    """No rhythm and no date where there is no next part."""
    one = serial(out=3, of=3)
    last = replace(one.issues[-1], number=3, of=3)
    one = replace(one, cadence="daily 09:00", issues=(*one.issues[:-1], last))
    html = page.guide_page(one, SITE, OURS)
    assert "A guide in 3 parts, complete" in html
    assert "A new part" not in html

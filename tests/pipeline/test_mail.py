"""Whole messages: what arrives is what the issue says, safe on every way, the same each time."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import mail, markup
from pipeline.errors import MailError, TemplateError
from pipeline.mail.inline import inline, words
from pipeline.model import Issue, Site, Upcoming
from tests.mails import (
    AT,
    SITE,
    TRUST,
    compiled,
    issue,
    message,
    overridden,
    parsed,
    parts,
    plain_issue,
    recipient,
    said,
    section,
    templates,
)

ISSUES = {
    "everything": issue(),
    "bare": plain_issue(said("Two words."), number=1, of=1, upcoming=None),
    "arabic": plain_issue(
        said("النوم حالة طبيعية."), lang="ar", subject="النوم", guide_title="النوم"
    ),
    "dots": plain_issue(said("...\n. From here"), said("." * 200), said("From  there ")),
    "long": plain_issue(said("x" * 30_000)),
    "last": issue(number=6, upcoming=None),
}
PARAGRAPHS = st.lists(
    st.text(
        alphabet=st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"])
        | st.sampled_from("<>&{}%=\"' "),
        max_size=120,
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


@pytest.fixture(params=ISSUES)
def raw(request: pytest.FixtureRequest) -> bytes:
    """The bytes of each kind of message, to a reader with preferences."""
    name: str = request.param
    return message(ISSUES[name], name="Ada", preferences_url=SITE.url("p/1")).body


@pytest.mark.parametrize("name", ISSUES)
def test_what_is_kept_is_what_was_compiled(name: str) -> None:
    """A compiled message that was packed and unpacked is equal to itself, to the last byte."""
    made = mail.compile(ISSUES[name], SITE, templates())
    assert mail.unpack(mail.pack(made)) == made


def test_every_part_parses_without_defects(raw: bytes) -> None:
    """Python's parser finds nothing to complain of in the message or in either part."""
    got = parsed(raw)
    assert [part.defects for part in got.walk()] == [[], [], []]
    assert [part.get_content_type() for part in got.walk()] == [
        "multipart/alternative", "text/plain", "text/html",
    ]  # fmt: skip
    for part in got.iter_parts():
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] == "quoted-printable"


def test_bytes_survive_every_server(raw: bytes) -> None:
    """ASCII; CRLF only; body lines of at most 76 octets, head lines of 998; no dot first."""
    head, _, body = raw.partition(b"\r\n\r\n")
    assert raw.endswith(b"\r\n")
    assert re.search(rb"[^\r\n -~]", raw) is None
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", raw) is None
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert b"\r\n." not in raw


def test_the_boundary_is_only_a_boundary(raw: bytes) -> None:
    """The boundary occurs where parts begin and end, and nowhere in them."""
    boundary = parsed(raw).get_boundary()
    assert boundary is not None
    assert raw.count(boundary.encode()) == 4  # the field, two openings, the end
    assert all(boundary not in content for content in parts(raw))


@pytest.mark.parametrize("name", ISSUES)
def test_parts_are_what_was_compiled(name: str) -> None:
    """Both parts decode as those of an EmailMessage of the compiled text with the values set in."""
    made = mail.compile(ISSUES[name], SITE, templates())
    values = {
        "LEAVE": recipient().unsubscribe_url,
        "PREFERENCES": SITE.url("p/1"),
        "READER": "reader@example.org",
        "WHENPREFERENCES": "",
        "ENDPREFERENCES": "",
    }
    slot = re.compile(rf"QTOK({'|'.join(values)})[A-Z]{{16}}Q")
    text, document = (
        slot.sub(lambda found: values[found[1]], each) for each in (made.text, made.html)
    )
    reference = EmailMessage()
    reference.set_content(text, cte="quoted-printable")
    reference.add_alternative(document, subtype="html", cte="quoted-printable")
    raw = mail.address(made, recipient(preferences_url=SITE.url("p/1"))).body
    assert parts(raw) == parts(reference.as_bytes(policy=policy.SMTP)) == (text, document)
    assert "QTOK" not in text + document


@settings(max_examples=40)
@given(PARAGRAPHS)
def test_all_parts_say_the_same(paragraphs: list[str]) -> None:
    """Each word of the issue is in the text part and in the HTML part, whatever its characters."""
    one = plain_issue(*map(said, paragraphs))
    text, document = parts(message(one).body)
    for part in one.sections:
        for word in markup.section_text(part).split():
            assert word in text
            assert word in html.unescape(document)


def test_both_parts_carry_all_there_is_to_an_issue() -> None:
    """Headings, related links with their reason, what is next, trust, footer: in both parts."""
    text, document = parts(message(name="Ada", preferences_url=SITE.url("p/1")).body)
    seen = re.sub(r"\s+", " ", html.unescape(re.sub(r"<br>", " ", document)))
    visible = re.sub(r"<[^>]+>", "", seen)
    for phrase in (
        "How it works", "Sleep and mood · 3 minutes to read", "In order",
        "You might also like", "From Reading a study, also on mice, light and dose",
        "From A talk, chosen by the editors", "Next: What wakes us, on Thursday 3 December",
        TRUST.emergency_line, TRUST.disclaimer, "Author: The Example Desk, science writer",
        "Robin Example, psychiatrist", "facts and safety",
        "Last reviewed 1 October 2026; next review due 1 October 2028.",
        "Conflicts of interest: None declared.", "Funding: Readers.",
        "Light and the clock of mice (2019)", "Mood after a short night",
        "You get this mail because you follow “Sleep and mood” on Slow Reading.",
        "Ada (reader@example.org)", "Unsubscribe", "Preferences", "Read online",
        SITE.postal_address,
    ):  # fmt: skip
        assert phrase in " ".join(text.split()), phrase
        assert phrase in visible, phrase
    for url in (
        "https://www.example.org/sleep?a=1&b=2", SITE.url("study/3/"), "https://www.example.net/q",
        "https://doi.org/10.1000/1", "https://robin.example.org/", SITE.url(issue().path),
        SITE.url("p/1"), recipient().unsubscribe_url,
    ):  # fmt: skip
        assert url in text.split(), url
        assert f'href="{html.escape(url)}"' in document, url


def test_both_parts_lead_to_the_same_places() -> None:
    """Every address of the HTML part is in the text part, as often, those of pictures too."""
    text, document = parts(message(preferences_url=SITE.url("p/1")).body)
    shown = Counter(map(html.unescape, re.findall(r' (?:href|src)="(https?:[^"]+)"', document)))
    assert Counter(re.findall(r"https?://\S+", text)) == shown


def test_lines_of_the_text_fit_a_terminal(raw: bytes) -> None:
    """No line is over 76 columns but one that is a single word or code, which must stay whole."""
    text, _ = parts(raw)
    for line in text.splitlines():
        assert len(line) <= 76 or " " not in line.strip()


def test_what_a_template_says_is_printed_not_run() -> None:
    """Template syntax and words that look like slots, in body and titles, arrive as written."""
    marks = compiled().html
    slot = re.search(r"QTOKLEAVE\w+", marks)
    assert slot is not None
    hostile = f"{{{{ 7 * 7 }}}} {{% if %}} {{# x #}} {slot[0]} %7B"
    one = plain_issue(said(hostile), subject=hostile[:60], guide_title="{{ site }}")
    text, document = parts(message(one).body)
    assert " ".join(hostile.split()) in " ".join(text.split())
    assert hostile in document
    assert recipient().unsubscribe_url in text
    assert "{{ site }}" in parsed(message(one).body)["Subject"]


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "A & B", "😀 Zoë", "\u200fעדה", "{{ 1 }}"]
)
def test_a_name_is_only_a_name(name: str) -> None:
    """A reader's name is escaped in the HTML, literal in the text, decoded in To."""
    made = message(name=name)
    text, document = parts(made.body)
    assert f"{name} (reader@example.org)" in text
    assert f"{html.escape(name)} (reader@example.org)" in document
    assert parsed(made.body)["To"].addresses[0].display_name == name


def test_a_long_name_is_left_out_of_the_footer() -> None:
    """A name that does not fit a line of the text part does not stand in it."""
    text, document = parts(message(name="Ada " * 20).body)
    assert "\nreader@example.org\n" in text
    assert "It was sent to reader@example.org." in document


def test_preferences_are_offered_where_there_are_some() -> None:
    """The link to preferences is there with its URL, or not at all."""
    assert "Preferences" not in "".join(parts(message().body))
    text, document = parts(message(preferences_url="https://example.org/p?a=1&b=2").body)
    assert "Preferences:\nhttps://example.org/p?a=1&b=2\n" in text
    assert '<a href="https://example.org/p?a=1&amp;b=2"' in document


def test_one_reader_sees_nothing_of_another() -> None:
    """Two messages differ in what is a reader's own and hold nothing of the other's."""
    one, other = (
        message(address=f"{name}@example.org", unsubscribe_url=SITE.url(f"u/{name * 9}"))
        for name in ("ada", "eve")
    )
    assert b"ada" not in other.body
    assert b"eve@" not in one.body
    assert one.body.replace(b"ada", b"eve") == other.body


def test_the_same_again_is_the_same_bytes() -> None:
    """Compiled and addressed anew, the bytes are the same; another issue has another digest."""
    again = mail.compile(issue(), SITE, templates())
    assert again == compiled()
    assert mail.address(again, recipient()) == mail.address(compiled(), recipient())
    other = mail.compile(issue(words=1000), SITE, templates())
    assert other.digest != compiled().digest


def test_a_page_of_preview_is_the_part_that_is_sent() -> None:
    """A preview shows the decoded head and both parts of the very bytes."""
    made = message(name="Zoë")
    shown = mail.preview(made.body)
    assert (shown.text, shown.html) == parts(made.body)
    assert (mail.preview_text(made), mail.preview_html(made)) == parts(made.body)
    assert ("To", "Zoë <reader@example.org>") in shown.fields
    assert ("Subject", compiled().subject) in shown.fields


def test_a_message_of_others_is_shown_as_far_as_it_goes() -> None:
    """A message without an HTML part is shown without one."""
    assert mail.preview(b"Subject: x\r\n\r\ntext\r\n").text.strip() == "text"
    assert mail.preview(b"Subject: x\r\n\r\ntext\r\n").html == ""


def test_an_issue_too_large_for_mail_is_refused() -> None:
    """Over 80,000 octets of HTML nothing is compiled, and the error says what to do."""
    with pytest.raises(MailError, match=r"octets, over the 80,000 .*; split its longest section"):
        mail.compile(plain_issue(*map(said, ["word " * 200] * 90)), SITE, templates())


def test_words_lost_in_inlining_are_noticed() -> None:
    """What the inliner drops without a word (text inside 255 elements) is an error here."""
    deep = f"<!DOCTYPE html><html><body>{'<div>' * 300}lost{'</div>' * 300}</body></html>"
    with pytest.raises(MailError, match="words were lost"):
        inline(deep, "a/1/")


@pytest.mark.parametrize(
    "document",
    [
        '<p title="a > b">x</p>', "<p>1 &lt; 2 &amp;amp; 3</p>", "<p>a<!-- > no --><b>b</b></p>",
        "<style>p > b { color: red }</style><p>x</p>", "<p>a&nbsp;b &zwnj; 😀</p>",
    ],
)  # fmt: skip
def test_the_measure_of_words_is_not_fooled(document: str) -> None:
    """Quotes, comments, style and entities are told from words, before and after inlining."""
    source = f"<!DOCTYPE html><html><head></head><body>{document}</body></html>"
    assert words(inline(source, "a/1/")) == words(source)
    assert "color" not in words(source)
    assert "no" not in words(source)


@pytest.mark.parametrize(
    ("name", "before", "what"),
    [
        ("mail/foot.html", 'href="{{ leave }}"', "a link to `leave`"),
        ("mail/foot.html", ", {{ site.postal_address }}", "the postal address"),
        ("mail/foot.txt", "\n{{ leave }}\n", "`leave`"),
        ("mail/foot.txt", ", {{ site.postal_address }}", "the postal address"),
    ],
)
def test_a_template_cannot_forget_what_the_law_asks_for(name: str, before: str, what: str) -> None:
    """A template of one's own without unsubscribe link or postal address compiles nothing."""
    with pytest.raises(MailError, match=what):
        mail.compile(issue(), SITE, overridden(name, before, "\n"))


def test_a_template_that_names_what_is_not_there_is_an_error() -> None:
    """An undefined name is an error with template and line, never an empty place."""
    with pytest.raises(TemplateError, match=r"templates/mail/foot.html:\d+: .*nonsense"):
        mail.compile(issue(), SITE, overridden("mail/foot.html", "{{ reason }}", "{{ nonsense }}"))


@pytest.mark.parametrize("accent", ["red", "#123", "#12345g", "red} a{x:url(//x)"])
def test_an_accent_is_a_colour(accent: str) -> None:
    """What is no six-digit colour never reaches a style."""
    with pytest.raises(MailError, match="is not a colour"):
        mail.compile(issue(), replace(SITE, accent=accent), templates())


def told(an_issue: Issue, site: Site = SITE) -> str:
    """The text part on one line."""
    return " ".join(parts(message(an_issue, site).body)[0].split())


def test_what_is_next_depends_on_what_is_known() -> None:
    """A planned day is told, with its year if another; a drip tells none; the last part says so."""
    later = Upcoming(3, "What wakes us", AT.replace(year=2027))
    assert "Next: What wakes us, on Friday 26 November 2027" in told(issue(upcoming=later))
    drip = Upcoming(3, "What wakes us")
    assert "Next: What wakes us Do you" in told(issue(upcoming=drip))
    assert "The next part follows when it is ready." in told(issue(upcoming=None))
    last = issue(number=6, upcoming=None)
    assert "This was the last part. Sleep and mood is complete." in told(last)
    only = issue(number=1, of=1, upcoming=None)
    assert "Sleep and mood is complete in this one part." in told(only)


def test_the_day_of_the_next_part_is_that_of_the_guide() -> None:
    """A part due at 23:30 UTC is told by its day in the guide's zone."""
    due = Upcoming(3, "What wakes us", AT.replace(day=30, hour=23, minute=30))
    assert "on Tuesday 1 December" in told(issue(upcoming=due))


def test_a_demonstration_says_so() -> None:
    """A demonstration is named as one in both parts; a real site never is."""
    made = message(issue(), replace(SITE, demonstration=True))
    assert all("This site is a demonstration." in part for part in parts(made.body))
    assert all("demonstration" not in part for part in parts(message().body))


def test_nothing_is_claimed_that_nobody_stated() -> None:
    """Without author, review or sources there is no block about the guide."""
    text, document = parts(message(plain_issue(said("Two words."))).body)
    for claim in (
        "About this guide",
        "Reviewer",
        "Last reviewed",
        "Sources",
        "Author",
        "You might",
    ):
        assert claim not in text
        assert claim not in document


def test_sections_under_one_subject_keep_their_titles() -> None:
    """Two sections show their titles; one whose title is the subject does not repeat it."""
    two = (section(said("a"), title="Benefits"), section(said("b"), title="Safety", id="tag:x:3"))
    _, document = parts(message(plain_issue(subject="Benefits and safety", sections=two)).body)
    assert re.findall(r"<h2[^>]*>([^<]*)</h2>", document) == ["2 Benefits", "2 Safety"]
    _, document = parts(message(plain_issue(said("a"))).body)
    assert "How it works</h2>" not in document


def test_a_link_with_a_wrong_scheme_is_text() -> None:
    """A source or a person whose URL is none of the web's is named without a link."""
    bad = replace(TRUST, citations=(replace(TRUST.citations[0], url="javascript:alert(1)"),))
    text, document = parts(message(issue(trust=bad)).body)
    assert "javascript" not in text + document
    assert "Light and the clock of mice" in text
    assert "Light and the clock of mice" in document


def test_the_inliner_costs_only_who_inlines() -> None:
    """Importing the room does not import premailer: 130 ms that a relay's worker never needs."""
    code = "import sys, pipeline.mail; sys.exit('premailer' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 -- our own interpreter

"""The head of a message: whatever it is given, it holds our fields and no others."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline import mail
from pipeline.errors import MailError
from pipeline.mail import head
from tests.mails import (
    AT,
    SECRET,
    SITE,
    compiled,
    issue,
    message,
    parsed,
    plain_issue,
    recipient,
    said,
    templates,
)

FIELDS = [
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe",
    "List-Unsubscribe-Post", "Feedback-ID", "MIME-Version", "Content-Type",
]  # fmt: skip
"""Of every message, in order."""

LINE_ENDS = "\r\n\x00\x0b\x0c\x1c\x85\u2028\u2029\x7f"
INJECTIONS = (
    "Eve\r\nBcc: all@example.org",
    "Eve\nX: y",
    "Eve\rX: y",
    *(f"a{c}b" for c in LINE_ENDS),
)

compiled()  # the first costs the import of the inliner: no example is to pay for it

NAMES = st.text(
    alphabet=st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
    | st.sampled_from(' ",<>=?ä'),
    max_size=90,
)
LOCALS = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[A-Z0-9]{1,20}){0,2}", fullmatch=True)
DOMAINS = st.from_regex(r"[a-z0-9]{1,20}(-[a-z0-9]{1,20})?(\.[a-z]{2,10}){1,3}", fullmatch=True)
ADDRESSES = st.builds("{}@{}".format, LOCALS, DOMAINS)
TOKENS = st.from_regex(r"[A-Za-z0-9_.-]{22,128}", fullmatch=True)


@given(NAMES, ADDRESSES, TOKENS)
@example("=?utf-8?q?=0ABcc:_all@example.org?=", "reader@example.org", "x" * 22)
@example('Ada "the" Example, jr.', "reader@example.org", "x" * 128)
@example("Ада\u202egro.elpmaxe@live", "reader@example.org", "x" * 22)
def test_a_message_parses_as_the_reference_does(name: str, address: str, token: str) -> None:
    """Parsed, our bytes hold what an EmailMessage given the same values holds; no defects."""
    url = SITE.url(f"u/{token}")
    got = parsed(message(name=name, address=address, unsubscribe_url=url).body)
    assert list(got.keys()) == FIELDS
    assert got.defects == []
    assert all(field.defects == () for field in got.values())
    shown = head.display_name(name, "", "")
    wanted = EmailMessage()
    wanted["To"] = Address(shown, addr_spec=address)
    wanted["Date"] = AT
    (to,), (reference,) = got["To"].addresses, wanted["To"].addresses
    assert to.addr_spec == reference.addr_spec
    assert "".join(to.display_name.split()) == "".join(reference.display_name.split())
    assert got["Date"].datetime == wanted["Date"].datetime
    assert got["List-Unsubscribe"].partition(",")[0] == f"<{url}>"


@given(NAMES)
@example("Александра Константиновна Длиннофамильная-Ещёдлиннее")
@example("寿限無寿限無五劫の擦り切れ海砂利水魚の水行末雲来末風来末食う寝る処に住む処")
@example("ab " * 20 + "ä")
def test_a_name_survives_its_encoding(name: str) -> None:
    """Decoded as RFC 2047 says, without the space between words, a name is what was given."""
    shown = head.display_name(name, "", "")
    phrase = head.mailbox(shown, "a@example.org").removesuffix("<a@example.org>").rstrip()
    if "=?" in phrase:
        assert str(make_header(decode_header(phrase))) == shown
        assert all(len(line) <= 76 for line in phrase.split("\r\n"))
    elif shown:
        assert (
            parsed(f"To: {phrase} <a@example.org>".encode())["To"].addresses[0].display_name
            == shown
        )


@given(st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=200))
@example("=?utf-8?q?=0ABcc:_all@example.org?=")
@example("日本語の題名" * 20)
@example("👩‍👩‍👧‍👦" * 40)
@example("a" * 400)
@example("word " * 60)
def test_a_subject_survives_its_encoding(text: str) -> None:
    """Decoded, a Subject of any script is what was encoded; its lines and words are short."""
    text = head.shortened(head.line(text, "", ""), 150)
    body = head.unstructured(text, len("Subject: "))
    raw = f"Subject: {body}\r\n\r\n".encode("ascii")
    assert parsed(raw)["Subject"] == text
    assert parsed(raw)["Subject"].defects == ()
    for line in raw.split(b"\r\n"):
        assert len(line) <= 76 or text.isascii()
        assert len(line) <= 998
    assert all(len(word) <= 75 for word in re.findall(r"=\?\S+\?=", body))


@pytest.mark.parametrize("name", INJECTIONS)
def test_a_name_cannot_begin_a_field(name: str) -> None:
    """A name with a character that ends a line, anywhere, is refused by its code point."""
    with pytest.raises(MailError, match=r"the reader's name holds U\+00|U\+20"):
        message(name=name)


@pytest.mark.parametrize("hostile", INJECTIONS)
@pytest.mark.parametrize("where", ["subject", "guide_title"])
def test_a_subject_cannot_begin_a_field(where: str, hostile: str) -> None:
    """The same in an issue's subject and its guide's title."""
    with pytest.raises(MailError, match="would break its head"):
        mail.compile(issue(**{where: hostile}), SITE, templates())


@pytest.mark.parametrize("hostile", INJECTIONS)
def test_a_site_cannot_begin_a_field(hostile: str) -> None:
    """The same in the site's title."""
    with pytest.raises(MailError, match="would break its head"):
        mail.compile(issue(), replace(SITE, title=hostile), templates())


@pytest.mark.parametrize(
    "address",
    [
        "", "reader", "@example.org", "reader@", "a@b@c", "a b@example.org", "a@ex ample.org",
        "<a@example.org>", "a@example.org,b@example.org", "a@example.org\r\nBcc: b@example.org",
        "a@example.org\n", "a..b@example.org", ".a@example.org", "a@-example.org", "ä@example.org",
        "a@exämple.org", f"{'a' * 65}@example.org", f"a@{'a' * 64}.org", f"a@{'a.' * 130}org",
        '"a b"@example.org',
    ],
)  # fmt: skip
def test_only_a_plain_address_reaches_the_envelope(address: str) -> None:
    """An address that some server may read otherwise is refused, as recipient and as sender."""
    with pytest.raises(MailError, match="not an address"):
        message(address=address)
    with pytest.raises(MailError, match="not an address"):
        message(mail_from=address)
    with pytest.raises(MailError, match="not an address"):
        mail.compile(issue(), replace(SITE, sender=address), templates())


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://example.org/", "javascript:alert(1)", "//example.org/u", "https://example.org/ü",
        "https://example.org/a b", "https://example.org/>,<mailto:eve@example.org",
        "https://example.org/\r\nBcc: eve@example.org", f"https://example.org/{'x' * 900}",
        "https://example.org/=?utf-8?q?x?=", 'https://example.org/"onclick=',
    ],
)  # fmt: skip
def test_only_a_plain_url_reaches_the_head(url: str) -> None:
    """A URL that would end its brackets, its line or its attribute is refused."""
    with pytest.raises(MailError, match="cannot stand in a head"):
        message(unsubscribe_url=url)
    if url:
        with pytest.raises(MailError, match="cannot stand in a head"):
            message(preferences_url=url)


@pytest.mark.parametrize("said_id", ["", "x@example.org", "<a b@c>", "<a@b>\r\nX: y", "<a@b><c@d>"])
def test_only_a_message_id_becomes_one(said_id: str) -> None:
    """What is no Message-ID is refused."""
    with pytest.raises(MailError, match="not a Message-ID"):
        message(message_id=said_id)


def test_a_long_url_stays_a_url() -> None:
    """List-Unsubscribe is plain ASCII whatever its length, the https URL first, then a mail."""
    site = replace(SITE, base_url=f"https://example.org/{'path/' * 36}serials")
    url = site.url(f"u/{'x' * 128}")
    raw = message(issue(), site, unsubscribe_url=url).body
    (value,) = re.findall(rb"\r\nList-Unsubscribe: ([^\r]*(?:\r\n[ \t][^\r]*)*)", raw)
    links = re.findall(rb"<([^>]*)>", value)
    asked = b"subject=Unsubscribe%20from%20sleep-and-mood"
    assert links == [url.encode(), b"mailto:editor@serials.example.org?" + asked]
    assert b"=?" not in value
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_nobody_reads_replies_nobody_is_promised_an_answer() -> None:
    """Without a reply address there is no Reply-To and no unsubscribing by mail."""
    got = parsed(message(issue(), replace(SITE, reply_to="")).body)
    assert got["Reply-To"] is None
    assert "mailto" not in got["List-Unsubscribe"]
    assert "reply to this mail" not in "".join(part.get_content() for part in got.iter_parts())


def test_who_wrote_to_whom() -> None:
    """From is the site by name, To the one reader; Reply-To and List-Id are the guide's."""
    got = parsed(message(name="Ada Example").body)
    assert got["From"] == "Slow Reading <parts@serials.example.org>"
    assert got["To"] == "Ada Example <reader@example.org>"
    assert got["Reply-To"] == "editor@serials.example.org"
    assert got["List-Id"] == "Sleep and mood <sleep-and-mood.serials.example.org>"


def test_a_list_keeps_its_id() -> None:
    """A retitled guide's List-Id changes its phrase and not its identifier (RFC 2919)."""
    before, after = (parsed(message(issue(guide_title=title)).body) for title in ("A", "Ünlike"))
    ids = {str(each["List-Id"]).rpartition("<")[2] for each in (before, after)}
    assert ids == {"sleep-and-mood.serials.example.org>"}


@given(st.text(min_size=1, max_size=200))
def test_a_list_id_is_one(guide: str) -> None:
    """Whatever the slug, the label is of letters, digits and hyphens, at most 63 of them."""
    assert re.fullmatch(
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.example\.org", mail.list_id(guide, "example.org")
    )


@given(st.lists(st.tuples(st.text(max_size=20), st.integers(0, 10**9)), unique=True, max_size=8))
def test_a_message_id_belongs_to_one_message_for_ever(pairs: list[tuple[str, int]]) -> None:
    """The same issue and subscriber give the same id, others others; it tells neither."""

    def make(issue_id: str, subscriber_id: int, secret: bytes = SECRET) -> str:
        return mail.message_id(issue_id, subscriber_id, secret=secret, domain="example.org")

    ids = [make(*pair) for pair in pairs]
    assert ids == [make(*pair) for pair in pairs]
    assert len(set(ids)) == len(pairs)
    assert all(re.fullmatch(r"<[a-z2-7]{32}@example\.org>", each) for each in ids)
    assert not set(ids) & {make(*pair, b"another secret") for pair in pairs}


def test_a_message_id_as_it_was() -> None:
    """The rule never changes: a change would let messages arrive twice."""
    made = mail.message_id("tag:example.org,2026:1", 7, secret=b"secret", domain="example.org")
    assert made == "<7nwfo6k63xe7znbhxx2b7qad7ndws27i@example.org>"


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=45))])
def test_the_date_is_the_moment(zone: timezone) -> None:
    """Date tells the moment with a numeric zone, whatever zone it was given in."""
    raw = message(date=AT.astimezone(zone)).body
    assert b"\r\nDate: Thu, 26 Nov 2026 08:00:00 +0000\r\n" in raw


def test_a_date_without_a_zone_is_no_date() -> None:
    """A naive date would be taken for the machine's zone: it is refused."""
    with pytest.raises(ValueError, match="aware"):
        message(date=datetime(2026, 11, 26, 9))  # noqa: DTZ001 -- what is refused


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({}, "How it works · Sleep and mood, 2 of 6"),
        ({"of": 1, "number": 1}, "How it works · Sleep and mood"),
        ({"subject": "Sleep and mood"}, "Sleep and mood, 2 of 6"),
        ({"subject": "sleep AND mood", "of": 1, "number": 1}, "sleep AND mood"),
        ({"subject": "  Two\u00a0 spaces "}, "Two spaces · Sleep and mood, 2 of 6"),
    ],
)
def test_a_subject_says_part_and_guide(fields: dict[str, object], subject: str) -> None:
    """The subject names the part, the guide and the place in it, without saying a thing twice."""
    assert parsed(message(issue(**fields)).body)["Subject"] == subject


@given(NAMES, NAMES, st.integers(1, 500))
@example("a" * 6000, "b" * 6000, 12)
@example("word " * 1000, "guide " * 1000, 12)
def test_a_subject_is_bounded(own: str, guide: str, of: int) -> None:
    """However long the titles are, the subject has at most 150 characters and ends in its place."""
    got = head.subject(issue(subject=own, guide_title=guide, number=of, of=of))
    assert len(got) <= 150
    assert of == 1 or got.endswith(f", {of} of {of}")


def test_a_long_name_is_cut() -> None:
    """A name of 5,000 characters leaves a bounded head and the same address."""
    raw = message(name="Ada " * 1250).body
    assert len(raw.partition(b"\r\n\r\n")[0]) < 1500
    assert parsed(raw)["To"].addresses[0].addr_spec == "reader@example.org"


def test_a_name_cannot_turn_an_address_round() -> None:
    """Overrides of writing direction are left out of names; marks of it stay."""
    got = parsed(message(name="Ada\u202e\u2066 \u200fעדה").body)
    assert got["To"].addresses[0].display_name == "Ada \u200fעדה"


def test_the_message_knows_its_envelope() -> None:
    """Envelope and head name the same recipient; ids are handed on."""
    made = mail.address(compiled(), recipient(mail_from="bounce+7@serials.example.org"))
    assert (made.rcpt_to, made.mail_from) == ("reader@example.org", "bounce+7@serials.example.org")
    assert (made.issue_id, made.subscriber_id) == (issue().id, 7)
    assert parsed(made.body)["To"] == made.rcpt_to
    assert parsed(made.body)["Message-ID"] == made.message_id


def test_an_issue_of_another_script_has_a_readable_head() -> None:
    """Subject, From and List-Id in Arabic decode to what was written."""
    arabic = plain_issue(said("نص"), subject="كيف يعمل النوم", guide_title="النوم", lang="ar")
    got = parsed(message(arabic, replace(SITE, title="قراءة بطيئة")).body)
    assert got["Subject"] == "كيف يعمل النوم · النوم, 2 of 6"
    assert got["From"].addresses[0].display_name == "قراءة بطيئة"
    assert got.defects == []

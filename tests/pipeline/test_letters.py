"""mail: letters go out as issues do, and say for whom and for what they are."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import css_inline
import pytest
import tinycss2
from typing_extensions import override

from pipeline import jobs, mail
from pipeline.app import open_site
from pipeline.errors import UsageError
from pipeline.mail.frame import Slots
from pipeline.mail.inline import inline
from pipeline.mail.letter import letter_source
from pipeline.mail.render import source
from pipeline.model import Correction, Message
from tests.mails import AT, SITE, issue, parsed, parts, polyglot, recipient, templates
from tests.sites import make_site, outbox, run_once, subscribe, write_guide

ACTION = "https://serials.example.org/c/WzcsInNsZWVwIl0.abcdefghijklmnopqrstuvwxyz"


def letter(kind: mail.LetterKind, lang: str = "en") -> mail.Letter:
    """A letter of each kind."""
    corrected = issue(corrections=(Correction(AT, "Two numbers were exchanged."),))
    issues = {"digest": (issue(), issue(number=3)), "correction": (corrected,)}.get(kind.value, ())
    return mail.Letter(kind, lang, "sleep/", "sleep-and-mood", "Sleep & mood", issues)


def sent(kind: mail.LetterKind) -> Message:
    """It as one reader gets it."""
    made = mail.compile_letter(letter(kind), SITE, templates())
    return mail.address(made, recipient(action_url=ACTION))


@pytest.mark.parametrize("kind", mail.LetterKind)
def test_a_letter_is_a_message(kind: mail.LetterKind) -> None:
    """Without defects, in seven bits, its title the subject, its foot with the postal address."""
    raw = sent(kind).body
    assert raw.isascii()
    assert all(part.defects == [] for part in parsed(raw).walk())
    text, html = parts(raw)
    assert f"<title>{parsed(raw)['Subject']}</title>".replace("&", "&amp;") in html
    assert SITE.postal_address in " ".join(text.split())
    assert "QTOK" not in text + html


def test_answers_say_that_nobody_wrote_them() -> None:
    """What follows from what somebody did is automatic (RFC 3834); what was written is not."""
    automatic = {kind for kind in mail.LetterKind if "Auto-Submitted" in parsed(sent(kind).body)}
    assert automatic == {
        mail.LetterKind.CONFIRM, mail.LetterKind.WELCOME, mail.LetterKind.GOODBYE,
    }  # fmt: skip


@pytest.mark.parametrize("kind", mail.LetterKind)
def test_only_subscribers_can_leave(kind: mail.LetterKind) -> None:
    """Who has not joined, or has left, is offered no way to leave; all others are."""
    raw = sent(kind).body
    can_leave = kind not in {mail.LetterKind.CONFIRM, mail.LetterKind.GOODBYE}
    assert ("List-Unsubscribe" in parsed(raw)) is can_leave
    assert ("List-Id" in parsed(raw)) is can_leave
    for part in parts(raw):
        assert (recipient().unsubscribe_url in part) is can_leave
        asks = kind in {mail.LetterKind.CONFIRM, mail.LetterKind.GOODBYE}
        assert (ACTION in part) is asks


def test_complaints_are_counted_by_guide() -> None:
    """Feedback-ID has four fields, the last of them the sender's, the same in all its mail."""
    found = {str(parsed(sent(kind).body)["Feedback-ID"]) for kind in mail.LetterKind} - {"None"}
    (one,) = found
    guide, kind, product, sender = one.split(":")
    assert (guide, kind, product) == ("sleep-and-mood", "part", "partwork")
    assert re.fullmatch(r"[a-z0-9]{5,15}", sender)


class _Styles(HTMLParser):
    """The declarations of each element, in order, shorthands before what refines them."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(document)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs).get("style") or ""
        declared = {
            one.lower_name: "".join(tinycss2.serialize(one.value).lower().split())
            for one in tinycss2.parse_blocks_contents(said, skip_whitespace=True)
            if one.type == "declaration"
        }
        if tag not in {"html", "head", "meta", "title", "style", "tbody"}:
            self.found.append((tag, declared))


def test_another_inliner_agrees() -> None:
    """css-inline, of another make, gives every element of every mail the same declarations."""
    slots = Slots("A")
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
    documents = [
        *(source(issue(lang=lang), polyglot(), templates(), slots) for lang in ("en", "ar")),
        *(letter_source(letter(k), SITE, templates(), slots)[0] for k in mail.LetterKind),
    ]
    for document in documents:
        ours = _Styles(inline(document, "x")).found
        theirs = _Styles(inliner.inline(_own(document))).found
        assert ours == theirs


def _own(document: str) -> str:
    """The document without the sheet that is not inlined."""
    kept = re.compile(r'<style data-premailer="ignore">.*?</style>', re.DOTALL)
    return kept.sub("", document)


def test_a_test_goes_to_one_address_and_leaves_no_trace(tmp_path: Path) -> None:
    """It says what it is, and a real run after it sends all that it would have sent."""
    site = make_site(tmp_path / "site")
    write_guide(site)
    subscribe(site, "reader@example.net", "2026-03-01T10:00")
    with open_site(site, "2026-03-02T10:00") as app:
        reply = jobs.send_test(app.desk, "water", 2, "Editor@EXAMPLE.org", app.desk.clock())
        assert reply.code == 250
        with pytest.raises(UsageError, match="no part 9"):
            jobs.send_test(app.desk, "water", 9, "editor@example.org", app.desk.clock())
        with pytest.raises(UsageError, match="not a mail address"):
            jobs.send_test(app.desk, "water", 2, "editor", app.desk.clock())
    (message,) = outbox(site)
    assert message["To"] == "Editor@example.org"
    assert str(message["Subject"]).startswith("Test: All about bridges 1 ")
    assert "This is a test." in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert run_once(site, "2026-03-09T10:00").delivering.sent == 1
    assert len(outbox(site)) == 2

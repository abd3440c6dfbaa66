"""mail: what some mail program does not show is told before it is sent, and nothing else is."""

from __future__ import annotations

import pytest

from pipeline import content, mail
from pipeline.mail.lint import ALLOWED, CLIENTS
from pipeline.markup.raw import TAGS
from pipeline.model import Correction
from tests.mails import AT, issue, message, parts, polyglot, recipient, templates

SUPPORT = mail.read_support(content.read_support())
PLAIN = parts(message(issue()).body)[1]

PLANTED = (
    '<div style="display:flex">x</div>', '<div style="display:grid">x</div>',
    '<div style="position:absolute">x</div>', '<div style="gap:8px">x</div>',
    '<div style="box-shadow:0 0 2px #000">x</div>', '<div style="opacity:.5">x</div>',
    '<div style="background-image:url(https://x.example/a.png)">x</div>',
    '<div style="background-image:linear-gradient(red,blue)">x</div>',
    '<div style="width:calc(100% - 8px)">x</div>', '<div style="color:var(--ink)">x</div>',
    '<div style="width:clamp(1px,2px,3px)">x</div>', '<div style="transform:rotate(3deg)">x</div>',
    '<div style="object-fit:cover">x</div>', '<div style="float:left;clear:both;z-index:3">x</div>',
    '<div style="margin-inline:8px">x</div>', '<div style="color:oklch(50% 0 0)">x</div>',
    '<div style="width:50vw">x</div>', '<div style="height:10vh">x</div>',
    '<div style="filter:blur(1px)">x</div>', '<div style="made-up:1">x</div>',
    "<style>@import url(https://x.example/a.css);</style>",
    "<style>@font-face { font-family: x; src: url(https://x.example/f) }</style>",
    "<style>@keyframes a { from { left: 0 } }</style>",
    "<style>p:has(a) { color: #000 }</style>", "<style>p:nth-child(2) { color: #000 }</style>",
    "<style>p::before { content: 'x' }</style>", "<style>p + p { color: #000 }</style>",
    "<style>* { color: #000 }</style>", "<style>@supports (gap:1px) { p { color: #000 } }</style>",
    "<svg></svg>", "<video></video>", "<audio></audio>", "<form><input></form>",
    "<dialog>x</dialog>", "<progress></progress>", "<script>1</script>", "<iframe></iframe>",
    '<p onclick="x()">x</p>', '<img src="https://x.example/a.png">',
    '<img src="/a.png" alt="x">', '<img src="https://x.example/a.avif" alt="x">',
    '<img src="data:image/png;base64,AA" alt="x">', '<a href="https://x.example/">click here</a>',
    '<a href="https://x.example/">bank.example.org</a>', '<a href="#nowhere">x</a>',
    '<a href="/relative">x</a>', '<a href="https://[">x</a>', '<a href="javascript:x()">x</a>',
    "<p>{{ name }}</p>",
    f"<style>{'p { color: #000 } ' * 500}</style>", "x" * 80_001,
)  # fmt: skip


def found(document: str) -> tuple[mail.Finding, ...]:
    """What is told of a document."""
    return mail.lint(document, SUPPORT)


@pytest.mark.parametrize("fault", PLANTED, ids=range(len(PLANTED)))
def test_what_is_not_shown_everywhere_is_found(fault: str) -> None:
    """Fifty faults, each in a mail that has none."""
    spoilt = PLAIN.replace("</body>", f"{fault}</body>")
    assert any(one.severity == "error" for one in found(spoilt)), fault[:80]


def test_our_templates_use_what_everyone_knows() -> None:
    """Nothing is told of any mail of ours, in any language."""
    for lang in ("en", "de", "ar", "fr"):
        assert found(parts(message(issue(lang=lang), polyglot()).body)[1]) == ()
    corrected = issue(corrections=(Correction(AT, "Two numbers were exchanged."),))
    for kind in mail.LetterKind:
        issues = {"digest": (issue(),), "correction": (corrected,)}.get(kind.value, ())
        letter = mail.Letter(kind, "en", "sleep/", "sleep", "Sleep", issues)
        reader = recipient(action_url="https://serials.example.org/c/abc")
        made = mail.address(mail.compile_letter(letter, polyglot(), templates()), reader)
        assert found(parts(made.body)[1]) == ()


@pytest.mark.parametrize("tag", sorted(TAGS))
def test_what_a_writer_may_use_is_no_fault(tag: str) -> None:
    """Every element that a guide may have is known, or its fallback was looked at."""
    needed = {"a": 'href="https://x.example/"', "img": 'src="https://x.example/a.png" alt="x"'}
    assert found(f"<{tag} {needed.get(tag, '')}>words</{tag}>") == ()


def test_every_exception_is_needed_and_has_a_fallback() -> None:
    """What is allowed lacks somewhere, and says what is seen there."""
    for feature, fallback in ALLOWED.items():
        assert SUPPORT.lacking(feature, CLIENTS), feature
        assert fallback


def test_a_site_says_what_it_takes_on_itself() -> None:
    """Programs that nobody reads with do not count, nor features that the site allows."""
    document = '<div style="opacity:.5">x</div>'
    assert [one.rule for one in found(document)] == ["css-opacity"]
    assert mail.lint(document, SUPPORT, allowed=["css-opacity"]) == ()
    assert mail.lint(document, SUPPORT, clients=["apple-mail"]) == ()
    (one,) = mail.lint(document, SUPPORT, clients=["outlook.windows"])
    assert str(one) == "<div>: error css-opacity: not known to outlook.windows"


def test_a_large_mail_is_told_before_it_is_refused() -> None:
    """From 60,000 octets a warning."""
    (one,) = found(f"<p>{'x' * 61_000}</p>")
    assert (one.severity, one.rule) == ("warning", "size")

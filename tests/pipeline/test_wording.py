"""wording: the same sentences in every language, whole, with all that stands in them."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import feed, mail, wording
from pipeline.errors import TemplateError
from pipeline.model import Correction, RelatedLink
from tests.mails import AT, ROOT, SITE, issue, message, parsed, parts, polyglot, templates

LANGS = ("ar", "de")
HEADER = 'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'


def said_in_code(path: Path) -> set[str]:
    """The sentences that a module hands to a voice."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        count = {"say": 1, "count": 2}.get(node.func.attr, 0)
        if count and ast.unparse(node.func.value) == "said":
            words = [one.value for one in node.args[:count] if isinstance(one, ast.Constant)]
            found |= {str(words[0])} if words else set()
    return found


def said() -> set[str]:
    """Every sentence of ours in mail and feeds."""
    found: set[str] = set()
    for path in (ROOT / "pipeline").rglob("*.py"):
        found |= said_in_code(path)
    for path in (ROOT / "templates/mail").iterdir():
        found |= set(re.findall(r'\b_\("((?:[^"\\]|\\.)*)"', path.read_text("utf-8")))
    return found


@pytest.mark.parametrize("lang", LANGS)
def test_a_catalogue_has_every_sentence_and_no_other(lang: str) -> None:
    """What is said anywhere, and nothing that is said no more."""
    assert set(polyglot().catalogues[lang].messages) == said()


def test_templates_say_nothing_that_no_catalogue_can_hold() -> None:
    """All words of mail templates are values or sentences that are looked up."""
    for path in (ROOT / "templates/mail").iterdir():
        if path.name == "style.html":
            continue
        text = re.sub(
            r"\{[#%{].*?[#%}]\}|<!--.*?-->|<[^>]*>|&\w+;|&#\d+;",
            " ",
            path.read_text(),
            flags=re.DOTALL,
        )
        assert re.findall(r"[A-Za-z]{2,}", text) == [], path.name


@pytest.mark.parametrize("lang", LANGS)
def test_a_mail_is_of_one_language(lang: str) -> None:
    """A part in a language that we speak is framed in it: nothing of ours is left in English."""
    other = RelatedLink("X1", "study/4/", "Y1", 0.2, pinned=True)
    notes = (Correction(AT, "Z1"),)
    one = issue(lang=lang, related=(*issue().related, other), corrections=notes)
    text, html = parts(message(one, polyglot()).body)
    for sentence in said():
        plain = re.escape(sentence)
        assert len(sentence) < 12 or not re.search(plain, text + html), sentence
    assert 'lang="en"' not in html
    assert "You might also like" not in feed.entry(one, polyglot()).html
    assert ('dir="rtl"' in feed.entry(one, polyglot()).html) is (lang == "ar")


def test_german_as_germans_write() -> None:
    """Dates, numbers of things, quotes."""
    one = issue(lang="de", words=200)
    voice = wording.voice("de-AT", polyglot())
    assert wording.place(one, voice) == "Sleep and mood · 1 Minute Lesezeit"
    assert wording.place(issue(lang="de"), voice).endswith("3 Minuten Lesezeit")
    assert wording.on_day(one, voice) == "am Donnerstag, 3. Dezember"
    assert wording.reviewed(one, voice).startswith("Zuletzt geprüft am 1. Oktober 2026;")
    assert wording.why(one.related[0], one, voice) == (
        "Aus Reading a study, auch über mice, light und dose"
    )


@pytest.mark.parametrize(
    ("words", "shown"), [(1, "دقيقة"), (400, "دقيقتان"), (900, "4 دقائق"), (2600, "12 دقيقة")]
)
def test_arabic_counts_in_its_own_way(words: int, shown: str) -> None:
    """One, two, a few and many have forms of their own."""
    said_so = wording.reading_time(words, wording.voice("ar", polyglot()))
    assert said_so.startswith(shown)


def test_a_language_that_we_do_not_speak_is_framed_in_english() -> None:
    """And English is marked as such."""
    html = parts(message(issue(lang="fr"), polyglot()).body)[1]
    assert "You might also like" in html
    assert 'lang="en" dir="ltr"' in html


def test_a_site_can_speak_another_language() -> None:
    """With a catalogue of its own; what that lacks is said in English."""
    source = HEADER + 'msgid "You might also like"\nmsgstr "À lire aussi"\n'
    site = replace(SITE, catalogues=wording.read_catalogues({"locale/fr.po": source}))
    html = parts(message(issue(lang="fr"), site).body)[1]
    assert "À lire aussi" in html
    assert "Share it by mail" in html


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (HEADER + 'msgid "on {day}"\nmsgstr "le {jour}"\n', ":5"),
        (HEADER + 'msgid "on {day}"\nmsgstr "le"\n', ":5"),
        ("nothing of the kind\n", ""),
        (HEADER.replace("n != 1", "__import__") + 'msgid "a"\nmsgstr "b"\n', ""),
    ],
)
def test_a_catalogue_that_would_lose_something_is_refused(source: str, line: str) -> None:
    """By file and line: a value that is not there, or one that nobody gives."""
    with pytest.raises(TemplateError, match=f"templates/locale/fr.po{line}"):
        wording.read_catalogues({"locale/fr.po": source})


def test_letters_speak_as_issues_do() -> None:
    """Every kind of letter in every language that we have, with its subject."""
    for lang in ("en", *LANGS):
        for kind in mail.LetterKind:
            corrected = issue(lang=lang, corrections=(Correction(AT, "Z1"),))
            issues = {"digest": (issue(lang=lang),), "correction": (corrected,)}.get(kind, ())
            letter = mail.Letter(kind, lang, "sleep/", "sleep", "Schlaf", issues)
            made = mail.compile_letter(letter, polyglot(), templates())
            english = mail.compile_letter(letter, SITE, templates())
            assert (made.subject == english.subject) is (lang == "en")
            assert 'lang="en"' not in made.html.partition("<body")[2] or lang == "en"


def test_the_reference_is_a_message() -> None:
    """A German message parses as any other."""
    assert parsed(message(issue(lang="de"), polyglot()).body).defects == []

"""trust: words that need a second look are told by line, innocent ones are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import content, guide, trust
from pipeline.app import open_site
from pipeline.errors import UsageError
from pipeline.markup import link_targets
from tests.sites import make_site, run_once, subscribe, write_guide

RULES, WRONG = trust.read_rules(content.read_rules(Path("nowhere")))

FRONT = """---
title: T
slug: t
profile: {profile}
citations: [{{id: doe-2020, title: A study, url: "https://example.org/doe"}}]
---

"""


def told(body: str, profile: str = "health") -> list[tuple[int, str]]:
    """Line (of the body, from 1) and rule of each lint."""
    head = FRONT.format(profile=profile)
    parsed = guide.parse(guide.Source("content/t.md", head + body))
    assert parsed.guide is not None, parsed.diagnostics
    found = trust.lint(parsed.guide, RULES)
    offset = head.count("\n")
    return [(one.line - offset, one.rule) for one in found if one.rule != "readability"]


GUILTY = {
    "evidence": [
        "Studies show that it helps.", "A study has shown an effect.", "Research suggests a link.",
        "It has been shown to lift mood.", "The method is proven.", "Clinically proven to help.",
        "Researchers noted a rise.", "Evidence suggests otherwise.", "Trials showed a benefit.",
        "According to research, it is so.", "Studies indicate that sleep returns.",
    ],
    "comparison": [
        "It has minimal side effects compared to other drugs.", "It is safer than alcohol.",
        "This is more effective than talk.", "It works faster than tablets do.",
        "It outperforms placebo.", "It is superior to the older drug.",
        "There are fewer side effects.",
    ],
    "hype": [
        "A groundbreaking therapy.", "This revolutionary idea.", "It revolutionised care.",
        "A miracle for many.", "A real game-changer.", "A breakthrough in care.",
        "The cutting-edge clinic.", "An unprecedented success.", "It feels like magic.",
        "A life-changing talk.", "A powerful medication.", "A PARADIGM SHIFT.",
    ],
    "promise": [
        "Relief is guaranteed.", "It has no side effects.", "It is completely safe.",
        "A risk-free way.", "It works for everyone.", "It will cure you.", "It always works.",
        "There are no risks.",
    ],
    "dosing": [
        "Take 50 mg in the evening.", "Use 0.5 mg/kg.", "Take 5mg.", "It is taken twice a day.",
        "Take it 3 times a day.", "Every 4 hours is enough.", "Swallow 2 pills.", "Give 1,5 ml.",
        "Between 50-100 mg.", "Take 5-10 tablets.", "Take 5 to 10 tablets.", "Take .5 mg.",
        "Three times a day.", "Take two tablets.", "Some 0.5 g of it.", "Use 50 IU.",
        "Take it once daily.", "A 50-mg tablet.", "Give 0.5 – 1 mg/kg.", "Up to 3-4 times a day.",
        "Half a tablet will do.", "Nimm zweimal täglich davon.",
    ],
    "pressure": ["Act now.", "Don't wait.", "Don’t wait any longer.", "This is your last chance."],
}  # fmt: skip
INNOCENT = [
    "In this study we look at sleep.", "The study was small.", "She studies biology.",
    "Studies show a link [1].", "Studies show a link (doe-2020).",
    "Studies show a link [doe-2020].",
    "[Studies](https://example.org/doe) show that it helps.", "Research is under way.",
    "The trial showed nothing that we could cite (https://example.org/doe-2020) [2].",
    "Nobody knows yet.", "There is no proof.", "Evidence is scarce.",
    "We compared the prices.", "Better ask twice.", "It is no better than a placebo.",
    "Something is better than nothing.", "It is safer [than a fall](https://example.org/doe).",
    "The groundbreaking ceremony was on Monday.", "It treats breakthrough pain.",
    "Magic mushrooms are another matter.", "It is not a miracle.", "There are no miracles here.",
    "They broke ground.", "A revolt of peasants.", "The revolver was old.", "Magician at work.",
    "Nobody can guarantee relief.", "We cannot guarantee it.", "It does not guarantee sleep.",
    "Side effects are common.", "It has side effects.", "There is risk in it.",
    "It is not safe for everyone.", "No cure is known.", "A cured ham.", "The curse of age.",
    "He is 50 years old.", "It was on 5 G8 summits.", "See figure 3-1.", "A 4-week trial.",
    "In 2019 it was approved.", "Chapter 5 tells more.",
    "About 3 times as many.",
    "A mg is a thousandth of a gram.", "Two hours later she slept.", "Every week is fine.",
    "Wait for the doctor.", "Act as you like, now or later.", "The last bus left.",
    "Ask your doctor how much to take, and how often.",
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "sentence"), [(rule, one) for rule, said in GUILTY.items() for one in said]
)
def test_what_needs_a_second_look_is_told(rule: str, sentence: str) -> None:
    """With its line and its rule, and nothing else beside it; none of it under `general`."""
    body = f"## One\n\nFine words.\n\nFirst line\n{sentence}\n"
    assert told(body) == [(6, rule)]
    assert told(body, "general") == []


@pytest.mark.parametrize("sentence", INNOCENT)
def test_innocent_words_are_left_alone(sentence: str) -> None:
    """No false alarm on ordinary sentences, nor on claims that are cited."""
    assert told(f"## One\n\n{sentence}\n") == []


def test_our_rules_are_sound_and_enough() -> None:
    """The file that comes with the product reads without a fault; every rule has its cases."""
    assert WRONG == ()
    assert {one.id for one in RULES} == GUILTY.keys()
    assert sum(map(len, GUILTY.values())) >= 40
    assert len(INNOCENT) >= 40


def test_every_place_of_a_guide_is_looked_at() -> None:
    """Titles, lists, quotes, tables, nested headings, intro and outro."""
    body = (
        "A miracle.\n\n## A miracle\n\n- fine\n- a miracle\n\n> a miracle\n\n| a |\n|---|\n"
        "| miracle |\n\n### Below\n\n*A* **miracle**\n\n`miracle`\n\n---\n\nA miracle.\n"
    )
    lines = [line for line, _ in told(body)]
    assert lines == [1, 3, 6, 8, 12, 16, 18, 22]


def test_a_comment_switches_a_rule_off_for_its_line() -> None:
    """On the line or above it; alone, for the block below; one that does nothing is told."""
    assert told("## One\n\nA miracle. <!-- lint: off hype -->\n") == []
    assert told("## One\n\nx <!-- lint: off hype -->\nA miracle.\nA miracle.\n") == [(5, "hype")]
    alone = "## One\n\n<!-- lint: off hype, promise -->\n\nA miracle\nhere\nnow. It cures.\n"
    assert told(alone) == []
    assert told("## One\n\nA miracle. <!-- lint: off promise -->\n") == [(3, "hype"), (3, "lint")]
    assert told("## One\n\n- a miracle <!-- lint: off hype -->\n- a miracle\n- a miracle\n") == [
        (5, "hype")
    ]


def test_a_switch_is_never_published(tmp_path: Path) -> None:
    """Neither page nor feed nor mail holds it."""
    site = make_site(tmp_path / "site")
    subscribe(site, "ann@example.net", "2026-03-01T09:00")
    path = write_guide(site)
    text = path.read_text("utf-8").replace("Paragraph 0", "Paragraph 0 <!-- lint: off hype -->")
    path.write_text(text, "utf-8")
    run_once(site, "2026-03-09T10:00")
    for file in [*(site / "feeds").rglob("*.*"), *(site / "var/outbox/new").iterdir()]:
        assert b"lint:" not in file.read_bytes(), file


def test_a_site_adds_and_replaces_rules(tmp_path: Path) -> None:
    """`lint.yaml` beside the settings; a broken one stops with file and line."""
    site = make_site(tmp_path / "site")
    front = 'cadence: "weekly mon 09:00"\nstart: 2026-03-09\n'
    write_guide(site, front=front)
    own = site / "lint.yaml"
    own.write_text(
        "- {id: water, severity: warning, any: [river*], except: [about rivers], message: is wet}\n"
        "- {id: hype, severity: error, profiles: [general], any: [centuries], message: is long}\n"
    )
    report = run_once(site, "2026-03-09T10:00")
    rules = [(one.rule, one.severity.value) for one in report.diagnostics]
    assert ("hype", "error") in rules
    assert ("water", "warning") in rules
    assert report.publishing.released == ()
    own.write_text("- id: x\n  severity: loud\n  any: [a]\n  mesage: m\n")
    with pytest.raises(UsageError) as caught, open_site(site):
        pass
    lines = str(caught.value).split("\n")
    assert [one.partition(": error")[0] for one in lines] == [
        "lint.yaml:4",
        "lint.yaml:1",
        "lint.yaml:2",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a: b",
        "- a",
        "- [x]",
        "- id: x",
        "&a",
        "- {id: a, severity: note, any: [], message: m}",
        "[",
        "- {id: a, severity: note, any: [a*b], message: m}",
        "- {id: a, severity: note, any: ['**'], message: m}",
        "- {id: a, severity: note, any: ['#*'], message: m}",
        "- {id: a, severity: note, any: [a**], message: m}",
        f"- {{id: a, severity: note, any: [{'a' * 101}], message: m}}",
    ],
)
def test_what_is_no_rule_is_told(text: str) -> None:
    """By file and line, and no rule comes of it."""
    rules, wrong = trust.read_rules([("lint.yaml", text)])
    assert rules == ()
    assert all(str(one).startswith("lint.yaml:1: error: ") for one in wrong)
    assert wrong


def test_values_of_rules_are_checked() -> None:
    """Profiles and languages that nobody knows, exceptions that cannot be, an id used twice."""
    text = (
        "- {id: a, severity: note, any: [x], profiles: [helth], message: m}\n"
        "- {id: b, severity: note, any: [x], langs: [english], message: m}\n"
        "- {id: c, severity: note, any: [x], except: ['*'], message: m}\n"
        "- {id: a, severity: note, any: [x], message: m}\n"
    )
    _, wrong = trust.read_rules([("lint.yaml", text)])
    assert [one.line for one in wrong] == [1, 2, 3, 4]
    assert "known: general, health" in wrong[0].message
    assert "line 1" in wrong[3].message


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5), st.text(max_size=300))
def test_no_phrase_is_a_regular_expression(phrases: list[str], text: str) -> None:
    """Whatever a phrase holds, it can be looked for, and finds itself."""
    import json

    rule = json.dumps([{"id": "x", "severity": "note", "message": "m", "any": phrases}])
    rules, _ = trust.read_rules([("lint.yaml", rule)])
    for one in rules:
        one.phrases.search(text)


def test_benefits_without_safety_are_told() -> None:
    """A section on benefits is followed by one on safety, holds one, or links to one."""
    assert told("## Benefits of sleep\n\nx\n\n## Costs\n\nx\n") == [(1, "safety")]
    assert told("## Benefits of sleep\n\nx\n\n## Side effects\n\nx\n") == []
    assert told("## Benefits of sleep\n\nx\n\n### Risks\n\nx\n\n## Costs\n\nx\n") == []
    away = "## Benefits\n\n[Mind this](#costs)\n\n## Costs\n\nx\n\n## Risks\n\nx\n"
    assert told(away) == [(1, "safety")]
    linked = "## Benefits\n\n[Mind this](#risks)\n\n## Costs\n\nx\n\n## Risks\n\nx\n"
    assert told(linked) == []
    assert told("## Benefits of sleep\n\nx\n\n## Costs\n\nx\n", "general") == []


def figures(text: str, lang: str = "en") -> trust.Readability | None:
    """The figures of a text."""
    whole = f"---\ntitle: T\nlang: {lang}\n---\n\n{text}"
    parsed = guide.parse(guide.Source("content/t.md", whole)).guide
    assert parsed is not None
    return trust.readability(parsed)


def test_readability_is_as_computed_by_hand() -> None:
    """Six words a sentence, each of one syllable: 206.835 - 1.015 * 6 - 84.6; none is long."""
    found = figures("The cat sat on the mat. " * 20)
    assert found is not None
    assert found.flesch == pytest.approx(206.835 - 1.015 * 6 - 84.6)
    assert found.lix == pytest.approx(6)
    hard = figures(
        "Pharmacological considerations necessitate multidisciplinary deliberation. " * 25
    )
    assert hard is not None
    assert hard.flesch is not None
    assert hard.flesch < 0
    assert hard.lix == pytest.approx(105)
    german = figures("Die Katze sitzt auf der Matte. " * 20, "de")
    assert german is not None
    assert german.flesch is None
    assert figures("Too short.") is None


def test_links_are_seen_by_the_lint_as_by_the_ranking() -> None:
    """A citation by a raw anchor counts like any other link."""
    body = '## One\n\n<a href="https://example.org/doe">Studies</a> show that it helps.\n'
    assert told(body) == []
    parsed = guide.parse(guide.Source("t.md", f"---\ntitle: T\n---\n\n{body}")).guide
    assert parsed is not None
    assert link_targets(parsed.sections) == {"https://example.org/doe"}

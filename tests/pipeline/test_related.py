"""related: links that are alike, allowed, different from each other, and said why."""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import related
from pipeline.model import RelatedLink
from pipeline.related import Candidate

SLEEP = (
    "Insomnia keeps people awake. Sleep returns when the hours in bed are kept few. "
    "A sleep diary shows how many hours of sleep there were, and how mood followed sleep."
)
MOOD = "Low mood follows bad sleep. When sleep improves, mood often improves within weeks."
TRIAL = "A trial compares a drug with a placebo. Blinding hides from patients who got the placebo."
ROADS = "Asphalt roads crack in frost. Engineers lay gravel below the asphalt to drain them."


def page(name: str, title: str, body: str, **more: Any) -> Candidate:
    """A page of the guide that the first part of its name gives: `guide/number`."""
    guide, _, number = name.partition("/")
    fields: dict[str, Any] = {
        "id": f"tag:example.org,2026:{name}", "path": f"{guide}/{number}-about/", "guide": guide,
        "guide_title": f"The {guide} guide", "title": title, "lang": "en", "headings": "",
        "body": body,
    }  # fmt: skip
    return Candidate(**(fields | more))


PAGES = (
    page("sleep/1", "Sleep and insomnia", SLEEP),
    page("sleep/2", "Sleeping in short hours", SLEEP + " Naps count too."),
    page("mood/1", "Mood and sleep", MOOD),
    page("study/1", "Placebo and blinding", TRIAL),
    page("roads/1", "Why roads crack", ROADS),
)
ME = page("me/1", "How sleep lifts mood", MOOD + " " + SLEEP)


def chosen(
    query: Candidate = ME, pages: Iterable[Candidate] = PAGES, **more: Any
) -> tuple[RelatedLink, ...]:
    """The links of a page among others and itself."""
    return related.choose(query, related.catalogue((*pages, query)), **more)


def paths(links: Iterable[RelatedLink]) -> list[str]:
    """Where links lead, in order."""
    return [link.path for link in links]


def test_what_is_alike_is_linked_and_what_is_not_is_absent() -> None:
    """Pages on the same matter come; one on roads does not, though there is room."""
    links = chosen(limit=10)
    assert set(paths(links)) == {"sleep/1-about/", "mood/1-about/"}
    assert all(link.score >= 0.10 for link in links)
    assert chosen(PAGES[-1]) == ()


def test_a_link_says_why() -> None:
    """It carries its guide, its score, and the shared words as the issue writes them."""
    query = page("me/1", "PTSD", "PTSD and PTSD-like states. Sleeping was hard; sleeping is rest.")
    other = page("x/1", "On PTSD", "With PTSD many sleep little. A night's sleep is rare.")
    (link,) = chosen(query, (other, *PAGES[3:]))
    assert link.terms == ("PTSD", "sleeping")
    assert link.guide_title == "The x guide"
    assert 0.10 <= link.score <= 1
    assert not link.pinned


def _oracle(pages: Sequence[Candidate], query: int, other: int) -> float:
    """The score by the book: four cosines of log-tf x idf, and BM25; words being terms."""

    def vectors(texts: list[str]) -> list[dict[str, float]]:
        counts = [Counter(text.lower().split()) for text in texts]
        documents = Counter(word for count in counts for word in count)
        found = []
        for count in counts:
            vector = {
                word: (1 + math.log(n)) * (math.log((1 + len(texts)) / (1 + documents[word])) + 1)
                for word, n in count.items()
            }
            length = math.sqrt(sum(weight**2 for weight in vector.values())) or 1
            found.append({word: weight / length for word, weight in vector.items()})
        return found

    def cosine(one: dict[str, float], two: dict[str, float]) -> float:
        return sum(weight * two.get(word, 0) for word, weight in one.items())

    whole = vectors([f"{one.title} {one.headings} {one.body}" for one in pages])
    title = vectors([one.title for one in pages])
    cosines = 0.65 * cosine(whole[query], whole[other]) + 0.35 / 3 * (
        cosine(title[query], title[other])
        + cosine(title[query], whole[other])
        + cosine(whole[query], title[other])
    )
    return 0.8 * cosines + 0.2 * _bm25(pages, query, other)


def _bm25(pages: Sequence[Candidate], query: int, other: int) -> float:
    """BM25 (k1 1.2, b .75; titles count three times) by what the query scores for itself."""
    counts = [
        Counter(f"{one.title} {one.title} {one.title} {one.headings} {one.body}".lower().split())
        for one in pages
    ]
    mean = sum(count.total() for count in counts) / len(counts)

    def score(count: Counter[str]) -> float:
        total = 0.0
        for word, asked in counts[query].items():
            there = sum(word in one for one in counts)
            rarity = math.log(1 + (len(counts) - there + 0.5) / (there + 0.5))
            slow = 1.2 * (0.25 + 0.75 * count.total() / mean)
            total += (1 + math.log(asked)) * rarity * count[word] * 2.2 / (count[word] + slow)
        return total

    return score(counts[other]) / (score(counts[query]) or 1)


made_up_words = st.sampled_from(["ab", "cd", "ef", "gh", "ij", "kl", "mn", "op", "qr", "st"])
texts = st.lists(made_up_words, max_size=12).map(" ".join)


@settings(deadline=None)
@given(st.lists(st.tuples(texts, texts, texts), min_size=2, max_size=7))
def test_scores_are_those_of_the_formula(shapes: list[tuple[str, str, str]]) -> None:
    """Every link's score is the weighted sum of the formula, worked out word by word."""
    pages = [
        page(f"g{at}/1", f"zz {title}", body, headings=headings, lang="xx")
        for at, (title, headings, body) in enumerate(shapes)
    ]
    catalogue = related.catalogue(pages)
    links = related.choose(pages[0], catalogue, limit=10)
    scores = {pages[at].path: _oracle(pages, 0, at) for at in range(1, len(pages))}
    for link in links:
        assert link.score == pytest.approx(scores[link.path], abs=1e-4)
    best = max(scores.values())
    if best > 0.1001:
        assert links[0].score == pytest.approx(best, abs=1e-4)


def test_a_page_that_is_not_in_the_catalogue_is_ranked_alike() -> None:
    """A preview is no part of the catalogue, and finds the same pages; new words do no harm."""
    catalogue = related.catalogue(PAGES)
    links = related.choose(replace(ME, body=ME.body + " Zolpidem unheard-of."), catalogue)
    assert paths(links) == paths(chosen())
    stored = related.catalogue((*PAGES, replace(ME, body=ROADS, title="Roads")))
    assert paths(related.choose(ME, stored)) == paths(chosen())


@given(
    st.lists(st.tuples(st.text(max_size=40), st.text(max_size=10)), max_size=4),
    st.sampled_from(["en", "de", "th", "xx"]),
)
def test_counted_pages_are_ranked_as_if_counted_now(
    shapes: list[tuple[str, str]], lang: str
) -> None:
    """Terms that were kept give the same links, scores and words; those of another making none."""
    pages = [
        page(f"g{at}/1", f"{title} sleep", f"{body} {SLEEP}", lang=lang)
        for at, (body, title) in enumerate(shapes)
    ]
    query = replace(ME, lang=lang)
    counted = [one.counted() for one in (*pages, query)]
    assert all(one.is_counted and one.counted() is one for one in counted)
    links = related.choose(query, related.catalogue((*pages, query)), limit=9)
    assert related.choose(counted[-1], related.catalogue(counted), limit=9) == links
    stale = [replace(one, packed=b"\0" * 8 + one.packed[8:]) for one in counted]
    assert not any(one.is_counted for one in stale)
    assert related.choose(stale[-1], related.catalogue(stale), limit=9) == links
    torn = [replace(one, packed=one.packed[:-1]) for one in counted]
    assert related.choose(torn[-1], related.catalogue(torn), limit=9) == links


def test_terms_are_the_same_in_every_process() -> None:
    """What one process counted, another can use: ids do not hang on Python's hash seed."""
    code = "from pipeline.related.words import terms_of; print(terms_of('en')['sleeping'])"
    found = set()
    for seed in ("1", "2"):
        words = [sys.executable, "-c", code]
        environment = {"PYTHONHASHSEED": seed}
        done = subprocess.run(words, env=environment, capture_output=True, check=True)  # noqa: S603 -- ourselves
        found.add(done.stdout)
    assert len(found) == 1


def test_never_itself_nor_its_own_guide() -> None:
    """The guide's own parts have their own line: previous, next, up."""
    siblings = (page("me/2", "How sleep lifts mood", MOOD), page("me/3", "Sleep", SLEEP))
    assert not [path for path in paths(chosen(pages=(*PAGES, *siblings))) if path.startswith("me")]
    twin = replace(ME, id="tag:example.org,2026:twin", guide="other")
    assert ME.path not in paths(chosen(pages=(*PAGES, twin)))
    before = replace(ME, guide="other", path="other/1-about/")
    assert before.path not in paths(related.choose(ME, related.catalogue((*PAGES, before))))


def test_never_another_language() -> None:
    """A page in German is nothing for readers of English; British English is."""
    german = page("de/1", "Insomnia: sleep and mood", SLEEP, lang="de")
    british = page("gb/1", "Insomnia: sleep and mood", SLEEP, lang="en-GB")
    found = paths(chosen(pages=(german, british), limit=10, pins=["de"]))
    assert found == ["gb/1-about/"]


@pytest.mark.parametrize(
    "href",
    [
        "sleep/1-about/", "/sleep/1-about", "../sleep/1-about/", "sleep/1-about/index.html#s-2",
        "https://example.org/sleep/1-about/", "https://example.org/a/blog/sleep/1-about/?from=x",
        "HTTPS://EXAMPLE.ORG/sleep/%31-about/",
    ],
)  # fmt: skip
def test_never_what_the_body_links_already(href: str) -> None:
    """However the address is written, a reader is not sent twice to one page."""
    assert "sleep/1-about/" in paths(chosen())
    hrefs = frozenset({href, "mailto:desk@example.org", "http://[broken", "#note", ""})
    assert "sleep/1-about/" not in paths(chosen(exclude_urls=hrefs, pins=["sleep/1"]))


def test_other_addresses_exclude_nothing() -> None:
    """Only the page that is linked is left out, not those whose addresses are alike."""
    hrefs = ["https://example.org/sleep/", "sleep/1-about/more/", "leep/1-about/", "1-about/"]
    assert chosen(exclude_urls=hrefs) == chosen()


@pytest.mark.parametrize("fault", [{"title": " "}, {"path": ""}, {"path": "/"}])
def test_never_a_title_without_an_address_nor_the_reverse(fault: dict[str, Any]) -> None:
    """A link needs both."""
    broken = replace(PAGES[0], **fault)
    assert paths(chosen(pages=(broken,), pins=["sleep/1", "sleep"])) == []


def test_pages_that_say_the_same_are_not_both_shown() -> None:
    """Of two pages with nearly the same text the better one stands for both."""
    found = paths(chosen(limit=10))
    assert "sleep/1-about/" in found
    assert "sleep/2-about/" not in found


def test_variety_goes_before_the_second_helping() -> None:
    """A page on another side of the matter is preferred to one like what is chosen already."""
    query = page("me/1", "Apples and pears", "apples pears plums cherries figs grapes")
    first = page("a/1", "Apples", "apples pears plums cherries figs oranges")
    similar = page("b/1", "Fruit", "apples pears plums cherries lemons dates limes")
    other = page("c/1", "Grapes", "grapes figs vineyard cellar barrel harvest")
    links = chosen(query, (first, similar, other), limit=2)
    by_score = chosen(query, (similar, other), limit=2)
    assert paths(by_score) == ["b/1-about/", "c/1-about/"]
    assert by_score[0].score > by_score[1].score
    assert paths(links) == ["a/1-about/", "c/1-about/"]


@settings(deadline=None)
@given(st.permutations(PAGES))
def test_the_order_that_pages_come_in_changes_nothing(pages: list[Candidate]) -> None:
    """The same pages give the same links; equals stand in the order of their addresses."""
    assert chosen(pages=pages) == chosen()
    twins = [page(f"t{at}/1", "Blinding", TRIAL) for at in (3, 1, 2)]
    query = page("me/1", "Placebo and blinding in a trial", TRIAL + " Dice decide.")
    assert paths(chosen(query, (PAGES[4], *twins), limit=1)) == ["t1/1-about/"]


def test_pins_come_first() -> None:
    """A writer's wish stands before the ranking, whatever its score, once, in their order."""
    pins = ["roads/1", "https://example.net/a-study", "study", "roads/1", "missing", "study/9"]
    links = chosen(pins=pins, limit=4)
    assert paths(links) == [
        "roads/1-about/", "https://example.net/a-study", "study/", "mood/1-about/",
    ]  # fmt: skip
    assert [link.pinned for link in links] == [True, True, True, False]
    assert [link.title for link in links[:3]] == [
        "Why roads crack", "example.net/a-study", "The study guide",
    ]  # fmt: skip


def test_a_pinned_guide_is_not_linked_again_by_a_part() -> None:
    """Who is sent to a guide is not also sent to its parts."""
    links = chosen(pins=["sleep"], limit=10)
    assert paths(links)[0] == "sleep/"
    assert not [path for path in paths(links)[1:] if path.startswith("sleep/")]


def test_pins_pass_the_gates_too() -> None:
    """Not itself, not its own guide, not what is linked; an own page by its full address is it."""
    linked = ["https://example.net/a-study/", "study/"]
    pins = ["me", "me/1", "https://example.net/a-study", "study", "https://example.org/me/1-about/"]
    assert not [link for link in chosen(pins=pins, exclude_urls=linked) if link.pinned]
    (first, *_) = chosen(pins=["https://example.org/x/roads/1-about/"])
    assert (first.path, first.title, first.pinned) == ("roads/1-about/", "Why roads crack", True)


def test_no_more_than_were_asked_for() -> None:
    """The limit holds for pins and ranking together."""
    pins = ["roads/1", "study/1", "https://example.net/", "mood/1"]
    for limit in range(5):
        assert len(chosen(pins=pins, limit=limit)) == limit


def test_an_empty_catalogue_and_a_lonely_page_give_no_links() -> None:
    """Nothing to link to is not an error; a pin to another site stays possible."""
    assert related.choose(ME, related.catalogue(())) == ()
    assert related.choose(ME, related.catalogue([ME])) == ()
    assert related.choose(ME, related.catalogue([PAGES[4]])) == ()
    empty = page("e/1", "The", "")
    assert chosen(empty, (page("f/1", "!", "…"), empty)) == ()
    (link,) = related.choose(ME, related.catalogue(()), pins=["https://example.net/"])
    assert link.title == "example.net"


@pytest.mark.parametrize(
    ("lang", "query", "other", "shared"),
    [
        ("de", "Der Schlaf und die Stimmungen", "Stimmung nach langem Schlaf", "Schlaf"),
        ("fr", "L’insomnie et l’humeur", "Une humeur sans insomnie", "insomnie"),
        ("ru", "Сон и настроение", "Настроения после сна", "настроение"),
        ("el", "Ύπνος και διάθεση", "Η διάθεση και ο ύπνος", "διάθεση"),
        ("hi", "नींद और मनोदशा", "अच्छी नींद की मनोदशा", "नींद"),
        ("ja", "睡眠と気分について", "気分がよくなる睡眠", "睡眠"),
        ("zh", "睡眠与情绪", "情绪和睡眠的关系", "情绪"),
        ("sw", "Usingizi na hisia", "Hisia baada ya usingizi", "Usingizi"),
        ("EN_us", "Sleeping and moods", "Sleep for a better mood", "moods"),
    ],
)
def test_every_language_has_related_pages(lang: str, query: str, other: str, shared: str) -> None:
    """With a stemmer or without, with spaces between words or without, like finds like."""
    far = page("far/1", "123", "XYZ", lang=lang)
    one, two = page("a/1", query, query, lang=lang), page("b/1", other, other, lang=lang)
    (link,) = chosen(one, (two, far))
    assert link.path == "b/1-about/"
    assert shared in link.terms


def test_fragments_of_words_are_not_shown() -> None:
    """Thai is compared by neighbouring letters, which are no words to show a reader."""
    one = page("a/1", "การนอนหลับและอารมณ์", "", lang="th")
    (link,) = chosen(one, (page("b/1", "อารมณ์หลังการนอนหลับ", "", lang="th"),))
    assert link.score > 0.5
    assert link.terms == ()


def test_of_two_pages_with_one_id_the_later_counts() -> None:
    """An issue that is out and is being looked at again is one page."""
    links = chosen(pages=(replace(PAGES[0], title="Old title"), *PAGES))
    assert "Old title" not in [link.title for link in links]
    assert links == chosen()


def test_what_was_considered_is_told_as_it_was_decided() -> None:
    """Each page that `choose` takes has no gate, every other says which; best first."""
    twin = page("sleep/3", "Sleeping in short hours", SLEEP + " Naps count too. Yes.")
    mine = page("me/2", "Another of mine", SLEEP)
    linked = page("diary/1", "A sleep diary", SLEEP + " A diary of sleep.")
    pages = (*PAGES, twin, mine, linked, ME)
    catalogue = related.catalogue(pages)
    urls = ["https://x.example/diary/1-about/"]
    found = related.explain(ME, catalogue, exclude_urls=urls, limit=2)
    chosen = related.choose(ME, catalogue, exclude_urls=urls, limit=2)
    assert {one.page.path for one in found if not one.gate} == {one.path for one in chosen}
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    gates = {one.page.id.rpartition(":")[2]: one.gate for one in found}
    assert gates["me/2"] == "of the same guide"
    assert gates["diary/1"] == "linked in the text already"
    assert gates["roads/1"] == "score below 0.10"
    assert "me/1" not in gates
    assert all(one.terms for one in found if not one.gate)
    assert {one.path: one.score for one in chosen} == {
        one.page.path: one.score for one in found if not one.gate
    }


@given(st.lists(st.sampled_from([SLEEP, MOOD, TRIAL, ROADS]), min_size=1, max_size=8))
def test_explaining_never_disagrees_with_choosing(bodies: list[str]) -> None:
    """Whatever the pages, also twins of each other."""
    pages = [page(f"g{n}/1", f"Title {n}", body) for n, body in enumerate(bodies)]
    catalogue = related.catalogue((*pages, ME))
    found = related.explain(ME, catalogue)
    chosen = related.choose(ME, catalogue)
    assert {one.page.path for one in found if not one.gate} == {one.path for one in chosen}

"""guide: a page becomes the tree that a writer would have written."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import guide
from pipeline.markup import section_text
from pipeline.model import Guide
from tests.pipeline.test_guide_writing import check_the_law

PAGE = """<!doctype html>
<html><head><title>Keeping bees | A site</title><style>p{color:red}</style></head>
<body><header><a href="/">A site</a></header>
<nav><ul><li><a href="/x">Menu</a></li></ul></nav>
<article>
<h1>Keeping bees</h1>
<p>Bees are kept for <em>honey </em>and for <strong>joy</strong>, with a
<a href="https://example.org/hive">hive</a> and <code>patience</code>.<br>A line.</p>
<script>alert("canary")</script>
<div><h2>1. The hive</h2>
<div>Loose words <b>stand</b> here.<p>And a paragraph.</p>Tail words.</div>
<ul><li>one<ul><li>inner</li></ul></li><li><p>two</p><p>more</p></li></ul>
<ol start="4"><li>four</li></ol>
<pre><code class="language-python">def f():
    return 1 &lt; 2
</code></pre></div>
<h2>2. The year</h2>
<h3>2.1 Spring</h3>
<blockquote><p>They fly.</p></blockquote>
<table><tr><th>Month</th><th>Work</th></tr><tr><td>May</td><td>Look | listen</td></tr></table>
<dl><dt>Drone</dt><dd>Does little.</dd></dl>
<figure><img src="bee.png" alt="A  bee"><figcaption>A bee at work</figcaption></figure>
<h3>2.2 Winter</h3><p>H<sub>2</sub>O is ice.</p>
<form><button>Subscribe</button></form>
<aside>Buy now</aside>
</article>
<footer>All rights</footer></body></html>
"""


def read(page: str) -> Guide:
    """The guide of a page."""
    found = guide.parse(guide.Source("content/p.html", page, 'title = "P"', "content/p.toml"))
    assert found.guide is not None, found.diagnostics
    return found.guide


def words(made: Guide) -> str:
    """All that it says, without headings."""
    return " ".join(" ".join(section_text(one) for one in made.parts).split())


def test_a_page_becomes_a_tree() -> None:
    """Headings nest, words in any order of elements are kept, what stands around is not."""
    made = read(PAGE)
    flat = [(one.number, one.title) for one in made.sections]
    assert flat == [("1", "The hive"), ("2", "The year")]
    below = [(one.number, one.title) for one in made.sections[1].children]
    assert below == [("2.1", "Spring"), ("2.2", "Winter")]
    said = words(made)
    for wanted in (
        "Bees are kept for honey and for joy, with a hive and patience. A line.",
        "Loose words stand here. And a paragraph. Tail words. one inner two more four",
        "They fly. Month Work May Look | listen Drone Does little. A bee A bee at work",
        "H2O is ice.",
    ):
        assert wanted in said
    for around in ("canary", "Menu", "A site", "Subscribe", "Buy now", "All rights", "color"):
        assert around not in said
    assert made.sections[0].lines.first == 10
    check_the_law(made)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<p>Only this</p>", "Only this"),
        ("words alone", "words alone"),
        ("<main><p>a</p></main><p>b</p>", "a"),
        (
            "<article><p>short</p></article><article><p>the longer one</p></article>",
            "the longer one",
        ),
        ("<p>a<p>b<div>c", "a b c"),
        ("<ul><p>odd</p><li>item</ul>", "odd item"),
        ("<p><div>x</div></p>", "x"),
        ("<a href='x'><p>inside a link</p></a>", "inside a link"),
        ("<table><tr><td><p>laid</p><p>out</p></td></tr></table>", "laid out"),
        ("<em> </em>x<em></em>", "x"),
        ("<p>\x0b&nbsp;x&#8203;</p>", "\u200bx"[1:] + "\u200b"),
    ],
)
def test_odd_pages_keep_their_words(page: str, said: str) -> None:
    """Whatever a browser shows of the text is there."""
    assert words(read(page)).strip("\x0b\u00a0 ") == said


def test_nothing_in_a_page_is_told() -> None:
    """An empty page, and one that holds only what is left out, is refused."""
    for page in ("", "  ", "<script>x</script>", "<nav>x</nav>"):
        found = guide.parse(guide.Source("content/p.html", page, 'title = "P"', "content/p.toml"))
        assert [one.rule for one in found.diagnostics] == ["empty"]


@pytest.mark.parametrize("page", ["<div>" * 5_000 + "x", "<" * 50_000, "<ul><li>" * 2_000 + "x"])
def test_deep_pages_are_no_harm(page: str) -> None:
    """Read whole or refused by line, and never the end of the run."""
    found = guide.parse(guide.Source("content/p.html", page, 'title = "P"', "content/p.toml"))
    if found.guide is None:
        assert {one.rule for one in found.diagnostics} <= {"nesting", "empty"}
    else:
        assert words(found.guide).split()[-1] in {"x", "<" * 50_000}


def test_texts_are_imported_as_what_they_are(tmp_path: Path) -> None:
    """By ending, else by looks; the title is what they say, or a guess that is told."""
    assert guide.kind_of("a.htm", "") == "html"
    assert guide.kind_of("-", "<!DOCTYPE html><p>x") == "html"
    assert guide.kind_of("-", "# Head\n\ntext") == "markdown"
    assert guide.kind_of("-", "A line\n1. One\n") == "text"
    page = guide.import_guide("bees.html", PAGE, "html")
    assert page.guide is not None
    assert (page.guide.title, page.guide.slug) == ("Keeping bees", "keeping-bees")
    assert not page.title_is_guessed
    text = guide.import_guide("my_notes-2.txt", "Some words of a text that goes on.\n", "text")
    assert text.guide is not None
    assert (text.guide.title, text.title_is_guessed) == ("My notes 2", True)
    named = guide.import_guide("x.txt", "Some words.\n", "text", title='A "T" \\', slug="t")
    again = guide.parse(guide.Source("t.md", named.text)).guide
    assert again is not None
    assert (again.title, again.slug, again.front.status) == ('A "T" \\', "t", "draft")
    assert guide.import_guide("x.md", "---\nno: end\n", "markdown").guide is None


@pytest.mark.parametrize(
    ("name", "text", "title", "sections"),
    [
        ("read.me.md", "[badge](x.svg)\n\n# The art\n\nWords.\n\n## A\n\nx\n", "The art", ["A"]),
        ("ch1.md", "## Chapter\n\nWords.\n\n### A\n\nx\n\n### B\n\ny\n", "Chapter", ["A", "B"]),
        ("how-to.html.md", "> **Note** well\n\n## A\n\nx\n\n## B\n\ny\n", "How to", ["A", "B"]),
        ("x.md", "# One\n\na\n\n# Two\n\nb\n", "X", ["One", "Two"]),
        ("x.md", "### Deep first\n\na\n\n## Up\n\nb\n", "X", ["Deep first", "Up"]),
        ("x.md", "Set\n===\n\nSub\n---\n\n[a]\n\n[a]: https://example.org\n", "Set", ["Sub"]),
        ("x.md", "## Same\n\na\n\n## Same\n\nb\n", "X", ["Same", "Same"]),
        ("x.md", "# T\n\n## A\n\n```sh\n# no heading\n```\n\n## B\n\nb\n", "T", ["A", "B"]),
    ],
)
def test_shapes_of_real_guides(name: str, text: str, title: str, sections: list[str]) -> None:
    """What guides in the wild look like: badges first, chapters of books, notes, no H1, two H1s."""
    found = guide.import_guide(name, text, "markdown")
    assert found.guide is not None
    assert found.guide.title == title
    assert [one.title for one in found.guide.sections] == sections
    check_the_law(found.guide)
    again = guide.parse(guide.Source("g.md", found.text)).guide
    assert again is not None
    assert words(again) == words(found.guide)


def test_footnotes_stand_in_the_section_that_needs_them() -> None:
    """Numbered from 1 in each; one that is needed nowhere, or is not there, is told."""
    text = (
        "---\ntitle: T\n---\n\n## A\n\nx[^b] y[^a] z[^b]\n\n## B\n\nw[^a] [^none]\n\n"
        "[^a]: Note a.\n[^b]: Note b.\n[^c]: Note c.\n"
    )
    found = guide.parse(guide.Source("content/g.md", text))
    assert found.guide is not None
    first, second = map(section_text, found.guide.sections)
    assert first.split("\n") == ["x[1] y[2] z[1]", "Note b.", "Note a."]
    assert second.split("\n") == ["w[1] [^none]", "Note a."]
    told = [(one.line, one.rule) for one in found.diagnostics]
    assert told == [(15, "footnote"), (11, "footnote")]


def test_tasks_are_boxes_and_shortcodes_are_text() -> None:
    """`[x]` is ticked, `[y]` is text; a shortcode is kept, told and never run."""
    text = "---\ntitle: T\n---\n\n- [ ] a\n- [x] b\n- [y] c\n\n{{< tube id >}} and {% raw %}\n"
    found = guide.parse(guide.Source("content/g.md", text))
    assert found.guide is not None
    assert words(found.guide) == "☐ a ☑ b [y] c {{< tube id >}} and {% raw %}"
    assert [(one.line, one.rule) for one in found.diagnostics] == [(9, "shortcode")] * 2

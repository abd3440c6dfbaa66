"""markup: the same words in HTML and text, whoever wrote them; nothing active, nothing lost."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urlsplit

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from typing_extensions import override

from pipeline.markup import (
    clean_text,
    count_words,
    headings,
    link_targets,
    needs_titles,
    plain,
    render_html,
    render_text,
    safe_url,
    section_text,
    slugify,
    summary,
)
from pipeline.model import (
    Block,
    Break,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    HtmlBlock,
    Image,
    Inline,
    InlineHtml,
    Lines,
    Link,
    ListBlock,
    Paragraph,
    Quote,
    Rule,
    Section,
    Strike,
    Strong,
    Table,
    Text,
)

HERE = Lines(1, 1)
BASE = "https://example.org/reading"
INLINE = frozenset(
    re.findall(
        r"\w+",
        "a abbr b bdi bdo cite code del dfn em i img ins kbd mark q rp rt ruby s samp small span"
        " strong sub sup time u var wbr",
    )
)
VOID = frozenset({"br", "hr", "img", "wbr", "col"})


class Reading(HTMLParser):
    """What a reader of a fragment sees, and every fault in how it is nested."""

    def __init__(self, fragment: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words, self.faults = "", list[str]()
        self.tags = list[tuple[str, dict[str, str]]]()
        self._open: list[str] = []
        self.feed(fragment)
        self.close()
        self.faults += self._open

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        self.words += f"[{attributes.get('alt', '')}]" if tag == "img" else ""
        self.words += "" if tag in INLINE else " "
        if tag not in VOID:
            self._open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        self.words += "" if tag in INLINE else " "
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"/{tag}")

    @override
    def handle_data(self, data: str) -> None:
        self.words += data

    def of(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of that name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def attribute(self, name: str) -> list[str]:
        """The values of an attribute, wherever it stands."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]


def section(*blocks: Block, title: str = "How it works", number: str = "2") -> Section:
    """A section of these blocks."""
    return Section(title, blocks, HERE, number)


def said(*content: Inline | str) -> Paragraph:
    """A paragraph; a string is plain text."""
    return Paragraph(tuple(Text(one) if isinstance(one, str) else one for one in content), HERE)


def html(*blocks: Block) -> str:
    """The HTML of a section without its heading."""
    return render_html([section(*blocks)], base_url=BASE, titles=False)


def text(*blocks: Block, width: int = 72) -> str:
    """The text of a section without its heading, without the last line end."""
    return render_text([section(*blocks)], base_url=BASE, width=width, titles=False).rstrip("\n")


def letters(seen: str) -> Counter[str]:
    """Every run of letters, however often: the words less marks, numbers and rules."""
    return Counter(re.findall(r"[^\W\d_]+", seen))


def without_notes(seen: str, between: str = "") -> str:
    """The text less the addresses at its end, their numbers in it, and the marks of strikes."""
    less = re.sub(r"^\[\d+\] \S+$", "", seen, flags=re.MULTILINE)
    return re.sub(r"[\s>]*\[\d+\]", between, less).replace("~~", "")


WORD = st.text(st.characters(codec="utf-8", categories=["Ll", "Lu"]), min_size=1, max_size=6)
ODD = st.sampled_from(["a<b", "&amp;", "]]>", "{{ x }}", "{% raw %}", "<p>", "x\x00y", "q\ud800r",
                       "w\x0bv", "--", "'", '"', "\u00a0", "# h", "- i", "<!--"])  # fmt: skip
WORDS = st.lists(st.one_of(WORD, WORD, ODD), max_size=6).map(" ".join)
TAG = st.sampled_from(
    re.findall(
        r"\S+",
        "<b> </b> <i> </i> <a> </a> <div> </div> <p> </p> <ul> <li> </li> </ul> <table> <tr> "
        "<td> <th> </td> </table> <caption> <script> </script> <style> <!-- --> <textarea> "
        "<title> <svg> <br> </br> <hr> <img> <select> <option> <font> <x-y> </p <a<b <span/> "
        "<plaintext> <template> <math> <noscript> <iframe> </iframe> <blockquote> "
        "</blockquote> <details> <summary> <pre> <del> </del> <h1> </h1> <section> <dl> <dt> "
        "<dd> <ruby> <rt> <form> <button> <tbody> <col> <![CDATA[ ]]> <?php ?> <object> "
        "<frameset> <body> </body> </html> ",
    )
)
HOSTILE = st.sampled_from([
    "<a href='java\tscript:alert(1)'>", '<a href="&#106;avascript:x">', "<img src=x onerror=y>",
    "<svg onload=x>", "<p style='position:fixed' class=c onclick=x id=text>", "<base href=//e.x>",
    "<meta http-equiv=refresh content=0>", "<button formaction=javascript:x>", "<a id=s-2 name=q>",
    "<iframe srcdoc='<script>x</script>'>", "<a href=//evil.example/x>",
    "<a href='DATA:text/html,x'>", "<link rel=stylesheet href=x>", "<math href=x>",
    "<a href=vbscript:x title='\"><script>'>",
])  # fmt: skip
RAW = st.lists(st.one_of(TAG, TAG, WORD, HOSTILE, st.just("\n")), max_size=8).map("".join)
HREF = st.sampled_from(["https://example.net/a?b=1&c=2", "/x", "../y z", "#how-it-works",
                        "#none", "mailto:a@example.org", "javascript:x", "//example.com/é", "",
                        "http:x"])  # fmt: skip
LEAF = st.one_of(
    WORDS.map(Text), WORDS.map(Text), WORD.map(Code), st.builds(Image, HREF, WORD),
    st.just(Break()), st.one_of(TAG, HOSTILE).map(InlineHtml),
)  # fmt: skip
INLINES = st.recursive(
    st.lists(LEAF, max_size=4).map(tuple),
    lambda deeper: st.lists(
        st.one_of(LEAF, deeper.map(Emphasis), deeper.map(Strong), deeper.map(Strike),
                  st.builds(Link, HREF, deeper, st.sampled_from(["", 'a "title" <']))),
        max_size=3,
    ).map(tuple),
    max_leaves=6,
)  # fmt: skip
SHORT = st.lists(WORD.map(lambda one: Text(one[:3])), max_size=2).map(tuple)
TABLE = st.builds(
    lambda rows: Table(rows[0], tuple(rows[1:]), ("right", ""), HERE),
    st.lists(st.lists(SHORT, min_size=1, max_size=2).map(tuple), min_size=1, max_size=3),
)
PLAIN_BLOCK = st.one_of(
    INLINES.map(lambda content: Paragraph(content, HERE)),
    st.builds(lambda level, content: Heading(level, content, HERE), st.integers(1, 6), INLINES),
    WORDS.map(lambda words: CodeBlock(f"{words}\n  {words}\n", HERE)),
    TABLE,
    st.just(Rule(HERE)),
    RAW.map(lambda source: HtmlBlock(source, HERE)),
)
BLOCKS = st.recursive(
    st.lists(PLAIN_BLOCK, max_size=4).map(tuple),
    lambda deeper: st.lists(
        st.one_of(
            PLAIN_BLOCK,
            deeper.map(lambda blocks: Quote(blocks, HERE)),
            st.builds(
                lambda items, start, tight: ListBlock(tuple(items), HERE, start, tight),
                st.lists(deeper, max_size=3), st.sampled_from([None, 1, 9]), st.booleans(),
            ),
        ),
        max_size=3,
    ).map(tuple),
    max_leaves=8,
)  # fmt: skip
SECTIONS = st.recursive(
    st.builds(lambda title, number, blocks: Section(title, blocks, HERE, number),
              WORDS, st.sampled_from(["", "1", "3.1"]), BLOCKS),
    lambda deeper: st.builds(
        lambda title, children: Section(title, (), HERE, "3", tuple(children)),
        WORDS, st.lists(deeper, max_size=2),
    ),
    max_leaves=3,
)  # fmt: skip
TREES = st.lists(SECTIONS, max_size=3)
quick = settings(max_examples=60)


@quick
@given(TREES)
def test_html_and_text_say_the_same_words(tree: list[Section]) -> None:
    """The words of the HTML are those of the text, each as often: nothing lost, nothing added."""
    seen = letters(Reading(render_html(tree, base_url=BASE)).words)
    text = render_text(tree, base_url=BASE)
    # A note's mark may stand inside a word or between two; the text alone does not tell which.
    assert seen in [letters(without_notes(text, between)) for between in ("", " ")]


@quick
@given(TREES)
def test_the_fragment_is_well_nested(tree: list[Section]) -> None:
    """Every element ends where it must, and an HTML5 parser has nothing to mend."""
    made = render_html(tree, base_url=BASE)
    reading = Reading(made)
    assert reading.faults == []
    tags = {tag for tag, _ in reading.tags}
    kept = {tag: {name for one in reading.of(tag) for name in one} for tag in tags}
    schemes = {"http", "https", "mailto"}
    again = nh3.clean(made, tags=tags, attributes=kept, link_rel=None, url_schemes=schemes)
    assert again == made


@quick
@given(TREES)
def test_nothing_active_is_left(tree: list[Section]) -> None:
    """No script, frame, form, handler, style or class; only absolute addresses of three schemes."""
    reading = Reading(render_html(tree, base_url=BASE, page_url=f"{BASE}/2/"))
    assert {tag for tag, _ in reading.tags} <= nh3.ALLOWED_TAGS | {"bdi", "bdo", "mark"}
    names = {name for _, attributes in reading.tags for name in attributes}
    assert names <= {"href", "src", "alt", "title", "id", "scope", "align", "start", "lang", "dir"}
    for address in reading.attribute("href") + reading.attribute("src"):
        parts = urlsplit(address)
        assert parts.scheme == "mailto" or (parts.scheme in {"http", "https"} and parts.netloc)
    assert all(reading.attribute("src"))


@quick
@given(TREES)
def test_every_character_can_stand_in_xml(tree: list[Section]) -> None:
    """HTML and text contain only XML 1.0 characters: a feed takes them, byte for byte."""
    for made in (render_html(tree, base_url=BASE), render_text(tree, base_url=BASE)):
        element = etree.Element("content")
        element.text = made
        assert (etree.fromstring(etree.tostring(element)).text or "") == made


@quick
@given(TREES)
def test_every_heading_can_be_reached(tree: list[Section]) -> None:
    """Ids are unique, the contents list names each heading's, and every link inside has its id."""
    reading = Reading(render_html(tree, base_url=BASE))
    ids = reading.attribute("id")
    assert len(ids) == len(set(ids))
    anchors = [entry.anchor for entry in headings(tree)]
    assert [one for one in ids if one.startswith("s-")] == anchors
    assert {one[1:] for one in reading.attribute("href") if one.startswith("#")} <= set(ids)


@quick
@given(TREES, st.integers(30, 90))
def test_lines_are_no_wider_than_asked(tree: list[Section], width: int) -> None:
    """A line is longer than the width only where a single word or a line of code is."""
    for line in render_text(tree, base_url=BASE, width=width).split("\n"):
        words = re.sub(r"^[> ]*((-|\d+\.|\[\d+\]) +)*[> ]*", "", line).split(" ")
        is_short = len(line) <= width or len(words) == 1 or "    " in line
        assert is_short or len(line) - len(" ".join(words)) > width - 20


@given(st.text())
@settings(max_examples=200)
def test_any_raw_html_keeps_its_words_and_its_place(source: str) -> None:
    """Whatever stands in a piece of raw HTML, the paragraph behind it is untouched."""
    for piece in (source, f"<{source}", f"<a {source}>", f"<!--{source}", f"<script>{source}"):
        assert html(HtmlBlock(piece, HERE), said("after")).endswith("<p>after</p>")
        assert text(HtmlBlock(piece, HERE), said("after")).endswith("after")


@pytest.mark.parametrize(
    "mark", ["<", "<a ", "<!--", "<a b='", "<![CDATA[", "</", "<p>", "[", "<b a="]
)
def test_raw_html_is_read_in_linear_time(mark: str) -> None:
    """A quarter of a megabyte of any one mark is read at once: no input makes it slow."""
    source = mark * (250_000 // len(mark))
    assert html(HtmlBlock(source, HERE), said("after")).endswith("<p>after</p>")
    assert text(HtmlBlock(source, HERE), said("after")).endswith("after")


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert('CANARY')</script>",
        "<p onclick=x>CANARY</p>",
        "<svg onload=x><text>CANARY</text></svg>",
        "<iframe src=//e.example>CANARY</iframe>",
        "<object data=x><p>CANARY</p></object>",
        "<form action=x><button formaction=javascript:x>CANARY</button></form>",
        "<base href=//e.example>CANARY<meta http-equiv=refresh content='0;url=x'>",
        "<style>CANARY{}</style>",
        "<noscript>CANARY</noscript>",
        "<template>CANARY</template>",
        "<select><option>CANARY</select>",
        "<textarea>CANARY",
        "<table>CANARY<tr><td>x</table>",
        "<a href='x' CANARY",
        "<![CDATA[CANARY]]>",
    ],
)
def test_the_words_of_active_html_stay(source: str) -> None:
    """What may not run loses its tags, never its words, and in no rendering."""
    block = HtmlBlock(source, HERE)
    assert "CANARY" in Reading(html(block)).words
    assert "CANARY" in text(block)
    assert "CANARY" in section_text(section(block))


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:x", "\x01javascript:x",
        " javascript:x", "&#106;avascript:x", "java&#x0A;script:x", "javascript&colon;x",
        "data:text/html,x", "vbscript:x", "file:///etc/passwd", "java\u200bscript:x", "about:blank",
        "http:x", "https:///x", "http:\\\\evil.example", "https://a.example\\@b.example/",
        "http://[::1", "https://", "blob:https://example.org/x", "",
    ],
)  # fmt: skip
def test_an_unsafe_address_is_none(href: str) -> None:
    """Other schemes and addresses that browsers read otherwise go; the words of the link stay."""
    assert safe_url(href) == ""
    assert html(said(Link(href, (Text("words"),)))) == "<p>words</p>"
    assert html(HtmlBlock(f'<p><a href="{href}">words</a></p>', HERE)).count("href") == 0
    assert text(said(Link(href, (Text("words"),)))) == "words"


@pytest.mark.parametrize(
    ("href", "made"),
    [
        ("https://example.net/a?b=1&copy=2#c", "https://example.net/a?b=1&copy=2#c"),
        ("HTTP://example.net/", "HTTP://example.net/"),
        ("//example.net/x", "https://example.net/x"),
        ("/x", "https://example.org/reading/x"),
        ("x/y z", "https://example.org/reading/x/y%20z"),
        ("a:b/c", ""),
        ("./a:b/c", "https://example.org/reading/a:b/c"),
        ("?q=1", "https://example.org/reading/?q=1"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("https://example.net/ü", "https://example.net/ü"),
        ("ht\ntps://example.net/<x>", "https://example.net/%3Cx%3E"),
    ],
)
def test_addresses_become_absolute(href: str, made: str) -> None:
    """A relative address begins at the base URL, path prefix included; an absolute one stays."""
    assert Reading(html(said(Link(href, (Text("x"),))))).attribute("href") == (
        [made] if made else []
    )


@given(st.text())
def test_safe_addresses_are_a_fixed_point(href: str) -> None:
    """What has been found safe is found safe again, and is the same."""
    assert safe_url(safe_url(href)) == safe_url(href)


@given(st.text())
def test_clean_text_is_what_xml_allows(source: str) -> None:
    """Characters that XML has stay, all others go, none is added."""
    made = clean_text(source)
    assert clean_text(made) == made
    gone = set(source) - set(made)
    assert all(unicodedata.category(one) in {"Cc", "Cs", "Cn"} for one in gone)
    assert etree.tostring(etree.fromstring(f"<a>{made.translate({38: None, 60: None})}</a>"))


def test_links_find_places_by_the_names_that_writers_use() -> None:
    """`#how-it-works`, the id, a writer's own id: each leads there; others nowhere."""

    def leads(name: str, **options: str) -> list[str]:
        tree = [section(said(Link(f"#{name}", (Text("x"),)), InlineHtml('<a name="Mine">')),
                        Heading(1, (Text("Ça va?"),), HERE))]  # fmt: skip
        return Reading(render_html(tree, base_url=BASE, **options)).attribute("href")  # type: ignore[arg-type]  # options are strings

    assert leads("how-it-works") == leads("2-how-it-works") == leads("s-2") == ["#s-2"]
    assert leads("ça-va") == leads("%C3%A7a-va") == leads("ca-va") == ["#h-ca-va"]
    assert leads("Mine") == ["#u-mine"]
    assert leads("elsewhere") == leads("") == []
    assert leads("s-2", page_url="https://example.org/p/") == ["https://example.org/p/#s-2"]
    assert leads("s-2", page_url="https://example.org/p/", titles=False) == [  # type: ignore[arg-type]  # titles is the exception
        "https://example.org/p/"
    ]


def test_a_writer_cannot_take_our_ids() -> None:
    """An id in raw HTML never equals one of ours, whatever it says, and stays unique."""
    made = html(HtmlBlock('<p id="text">a<p id="s-2">b<p id=u-text>c<p id="text">d', HERE))
    assert Reading(made).attribute("id") == ["u-text", "u-u-text"]


def test_headings_follow_the_tree() -> None:
    """Levels go down with the sections, to 6; numbers stand before titles; an intro has none."""
    deep = Section("Three", (Heading(1, (Text("Inner"),), HERE),), HERE, "3.1.1")
    tree = [
        Section("", (said("Welcome."),), HERE, role="intro"),
        Section("Uses", (), HERE, "3", (Section("For sleep", (), HERE, "3.1", (deep,)),)),
    ]
    made = render_html(tree, base_url=BASE)
    assert re.findall(r"<(h\d) id=\"([^\"]+)\">([^<]+)", made) == [
        ("h2", "s-3", "3 Uses"),
        ("h3", "s-3-1", "3.1 For sleep"),
        ("h4", "s-3-1-1", "3.1.1 Three"),
        ("h5", "h-inner", "Inner"),
    ]
    assert made.startswith("<p>Welcome.</p>")
    assert "<h6" in render_html(tree, base_url=BASE, level=5)
    assert "<h7" not in render_html(tree, base_url=BASE, level=5)
    assert [(entry.number, entry.title, entry.depth) for entry in headings(tree)] == [
        ("3", "Uses", 0),
        ("3.1", "For sleep", 1),
        ("3.1.1", "Three", 2),
    ]


def test_only_the_title_of_a_single_section_can_be_left_out() -> None:
    """Without titles a lone heading goes and its children take its level; of several none goes."""
    child = Section("For sleep", (said("x"),), HERE, "3.1")
    lone = [Section("", (said("in"),), HERE), Section("Uses", (said("y"),), HERE, "3", (child,))]
    made = render_html(lone, base_url=BASE, titles=False)
    assert made == '<p>in</p>\n<p>y</p>\n<h2 id="s-3-1">3.1 For sleep</h2>\n<p>x</p>'
    assert render_text(lone, base_url=BASE, titles=False).startswith(
        "in\n\ny\n\n3.1 For sleep\n---"
    )
    both = [section(title="A"), section(title="B")]
    assert render_html(both, base_url=BASE, titles=False).count("<h2") == 2
    assert "A\n=" in render_text(both, base_url=BASE, titles=False)
    assert needs_titles(both, "A")
    assert not needs_titles(lone, "Uses")


def test_blocks_as_html() -> None:
    """Each kind of block is the element that says what it is."""
    item = (said("one"),)
    table = Table(
        ((Text("Stage"),), (), (Text("Min"),)), (((Text("Deep"),), (Text("x"),)),),
        ("", "", "right"), HERE,
    )  # fmt: skip
    assert html(ListBlock((item,), HERE)) == "<ul>\n<li>one</li>\n</ul>"
    assert html(ListBlock((item,), HERE, start=1)) == "<ol>\n<li>one</li>\n</ol>"
    loose = ListBlock((item,), HERE, start=7, tight=False)
    assert html(loose) == '<ol start="7">\n<li><p>one</p></li>\n</ol>'
    assert html(Quote((said("q"),), HERE)) == "<blockquote>\n<p>q</p>\n</blockquote>"
    assert html(CodeBlock("a < b\n", HERE)) == "<pre><code>a &lt; b\n</code></pre>"
    assert html(table) == (
        '<table>\n<thead><tr><th scope="col">Stage</th><td></td>'
        '<th scope="col" align="right">Min</th></tr></thead>\n<tbody>\n'
        '<tr><td>Deep</td><td>x</td><td align="right"></td></tr>\n</tbody>\n</table>'
    )
    picture = Image("img/a.png", 'a "b"', "t")
    assert html(said(picture)) == (
        '<p><img src="https://example.org/reading/img/a.png" alt="a &quot;b&quot;" title="t"></p>'
    )
    assert html(said(Image("javascript:x", "words"))) == "<p>[words]</p>"
    struck = said(Strike((Text("two"),)), Break(), Emphasis((Strong((Text("one"),)),)))
    assert html(struck) == "<p><del>two</del><br>\n<em><strong>one</strong></em></p>"
    assert html(said("{{ 7 * 7 }} {% x %}")) == "<p>{{ 7 * 7 }} {% x %}</p>"


def test_raw_html_that_is_harmless_stays() -> None:
    """Tags across several blocks hold together what stands between them; none reaches further."""
    opened, closed = (
        HtmlBlock("<details><summary>More</summary>", HERE),
        HtmlBlock("</details>", HERE),
    )
    made = html(opened, said("inside"), closed, said("after"))
    assert re.search(r"<details><summary>More</summary>\s*<p>inside</p>\s*</details>", made)
    assert html(said(InlineHtml("<b>"), "x"), said("y")) == "<p><b>x</b></p>\n<p>y</p>"
    assert (
        html(said("H", InlineHtml("<sub>"), "2", InlineHtml("</sub>"), "O"))
        == "<p>H<sub>2</sub>O</p>"
    )
    assert html(HtmlBlock("<section><h1>A</h1></section>", HERE)) == "<div><h2>A</h2></div>"
    quoted = Quote((HtmlBlock("</blockquote></div>", HERE), said("in")), HERE)
    assert re.fullmatch(r"<blockquote>\s*<p>in</p>\s*</blockquote>", html(quoted))


def test_blocks_as_text() -> None:
    """Each kind of block looks as people type it."""
    inner = ListBlock(((said("deep"),),), HERE)
    items = (*((said(f"item {n}"),) for n in range(9)), (said("last"), inner))
    lines = text(ListBlock(items, HERE, start=1)).split("\n")
    assert lines[0] == " 1. item 0"
    assert lines[9:] == ["10. last", "    - deep"]
    assert text(ListBlock(((said("a" * 9),) * 2,) * 2, HERE, tight=False)) == (
        "- aaaaaaaaa\n\n  aaaaaaaaa\n\n- aaaaaaaaa\n\n  aaaaaaaaa"
    )
    assert text(Quote((said("a"), Quote((said("b"),), HERE)), HERE)) == "> a\n>\n> > b"
    assert text(CodeBlock("if x:\n    y\n", HERE)) == "    if x:\n        y"
    assert text(Heading(1, (Text("Títle"),), HERE)) == "Títle\n-----"
    assert text(Rule(HERE)) == "* * *"
    assert text(said("a", Break(), "b\nc")) == "a\nb c"
    assert text(said(Strike((Text("two"),)), " one")) == "~~two~~ one"
    shown = "[A curve] [1]\n\n[1] https://example.org/reading/x.png"
    assert text(said(Image("/x.png", "A curve"))) == shown
    assert text(said(InlineHtml('<img src="/x.png" alt="A curve">'))) == shown


def test_links_are_notes() -> None:
    """Each address stands once at the end, under its number; an address as words needs none."""
    far = "https://example.net/" + "long/" * 20
    made = text(
        said(Link(far, (Text("one"),)), " and ", Link("/b", (Text("two"),))),
        said("again ", Link(far, (Text("one"),)), ", ", Link(far, (Text(far),)), ", ",
             Link("mailto:a@example.org", (Text("a@example.org"),)), ", ",
             InlineHtml("<a href='/c'>"), "raw", InlineHtml("</a>"), ", ",
             Link("#s-2", (Text("here"),))),
        HtmlBlock("<p>see <a href='/b'>two</a></p>", HERE),
    )  # fmt: skip
    body, notes = made.rsplit("\n\n", 1)
    assert notes.split("\n") == [
        f"[1] {far}", "[2] https://example.org/reading/b", "[3] https://example.org/reading/c",
    ]  # fmt: skip
    assert body == (
        f"one [1] and two [2]\n\nagain one [1],\n{far},\n"
        "a@example.org, raw [3], here\n\nsee two [2]"
    )
    assert link_targets([section(said(Link("/b", ())), HtmlBlock("<a href=/c>", HERE))]) == {
        "/b",
        "/c",
    }


def test_tables_are_aligned_rows() -> None:
    """Columns stand below one another and wrap where they must; too many give way to lines."""

    def table(*rows: tuple[str, ...], align: tuple[str, ...] = ()) -> Table:
        head, *body = (tuple((Text(cell),) for cell in row) for row in rows)
        return Table(head, tuple(body), align, HERE)

    small = table(("Stage", "Min"), ("Light", "50"), ("Dëep", "5"), align=("", "right"))
    assert text(small) == "Stage  Min\n-----  ---\nLight   50\nDëep     5"
    assert text(table(("", ""), ("a", "b"))) == "a  b"
    assert text(table(("語", "x"), ("a", "b"))) == "語  x\n--  -\na   b"
    long = text(table(("When", "What"), ("now", "word " * 20), ("then", "b")), width=40)
    assert max(map(len, long.split("\n"))) <= 40
    assert re.search(r"^now   word.*\n {6}word", long, re.MULTILINE)
    many = text(table(tuple("abcdefghij"), ("longer",) * 10), width=40)
    assert many.split("\n")[:2] == ["a: longer", "b: longer"]
    assert text(table(("x" * 30, "y" * 30)), width=40) == f"{'x' * 30}\n{'y' * 30}"


def test_raw_blocks_as_text() -> None:
    """Paragraphs, items and breaks of raw HTML are lines; a table's rows are."""
    source = """<div>One
    line.<br>Two.<p>Three.</p><ul><li>a<li>b</ul><p>x<del>y</del></div>"""
    assert text(HtmlBlock(source, HERE)) == "One line.\nTwo.\n\nThree.\n\n- a\n- b\n\nx~~y~~"
    assert text(HtmlBlock("<table><tr><td>a<td>b<tr><td>c", HERE)) == "a b\nc"
    assert count_words(section(HtmlBlock(source, HERE))) == 7


def test_scripts_without_spaces_are_wrapped() -> None:
    """A line of Japanese is broken between characters, never before a closing mark."""
    source = "睡眠は大切です。" * 12
    lines = text(said(source), width=40).split("\n")
    assert "".join(lines) == source
    assert len(lines) > 4
    assert not any(line.startswith("。") for line in lines)
    assert text(said("10\u00a0mg and more"), width=20).split("\n")[0].startswith("10\u00a0mg")


@given(st.text(max_size=400), st.integers(1, 300))
def test_a_summary_is_whole_words(source: str, limit: int) -> None:
    """It is no longer than asked, begins as the text does, and says when it was cut."""
    words = " ".join(clean_text(source).split())
    made = summary([section(said(source))], limit)
    assert len(made) <= limit
    if made == words:
        return
    assert made.endswith("…")
    assert words.startswith(made[:-1])
    rest = words[len(made) - 1 :]
    assert not made[:-1] or " " not in words[:limit] or rest[0] in " ,;:–—-"


def test_a_summary_keeps_characters_whole() -> None:
    """Where there are no spaces a letter is not parted from its accent."""
    assert summary([section(said("e\u0301" * 10))], 4) == "e\u0301…"


def test_words_are_counted_without_headings() -> None:
    """White space parts words; children count, headings do not; nothing is counted twice."""
    child = Section("Not counted", (ListBlock(((said("four five"),),), HERE),), HERE, "2.1")
    table = Table(((Text("six"),),), (((Text("seven"),),),), ("",), HERE)
    whole = Section("Nor this", (said("one two\nthree"), table, Rule(HERE)), HERE, "2", (child,))
    assert count_words(whole) == 7
    assert section_text(whole) == "one two three\nsix\nseven\nfour five"
    assert (
        plain((Text("a "), Emphasis((Code("b"),)), Break(), InlineHtml("<i>"), Image("", "c")))
        == "a b c"
    )
    assert plain((Text("x"), InlineHtml("<br>"), Text("y"))) == "x y"


@given(st.text())
def test_a_slug_is_a_path_segment(title: str) -> None:
    """Of any title: lower-case ASCII letters, digits and hyphens, 1 to 60 of them."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slugify(title))
    assert len(slugify(title)) <= 60


def test_slugs_read_well() -> None:
    """Letters of other scripts are transliterated, long titles cut at a word."""
    assert slugify("Übung: wie's geht") == "ubung-wie-s-geht"
    assert slugify("…") == "part"
    assert slugify("word " * 30) == "word-" * 11 + "word"

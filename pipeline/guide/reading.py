"""A source into a guide: front matter, then the body by its kind."""

from __future__ import annotations

import re

from pipeline.guide.front_matter import read_front
from pipeline.guide.markdown import read_markdown
from pipeline.guide.plain_text import read_plain_text
from pipeline.guide.source import Parsed, Source, Tree
from pipeline.markup import slugify
from pipeline.model import Guide, Severity
from pipeline.strict import Node, Report, read_toml, read_yaml

_FENCE = re.compile(r"---[ \t]*\n(.*?)(?:^(?:---|\.\.\.)[ \t]*(?:\n|\Z))", re.DOTALL | re.MULTILINE)


def parse(source: Source) -> Parsed:
    """The guide that a source holds, and what was found on the way.

    Its name says what it is: `.txt` is plain text and `.html` a page, each with a sidecar; a name
    that ends in `/` is a folder of Markdown files; all else is Markdown with front matter. What is
    wrong is told by file and line, all of it at once; any error means no guide.
    """
    front = Report(source.sidecar_name or source.name)
    body = Report(source.name)
    said, tree = _read(source, front, body)
    found = front if front.file == source.name else body
    stem = source.name.rstrip("/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    declared = read_front(said, {"slug": slugify(stem), "title": tree.title or source.guess}, front)
    if not (tree.intro or tree.sections):
        found.error(1, "empty", "has no text")
    diagnostics = tuple(front.found + (body.found if body is not front else []))
    if any(one.severity is Severity.ERROR for one in diagnostics):
        return Parsed(None, diagnostics)
    guide = Guide(
        front=declared,
        sections=tree.sections,
        source=source.name,
        intro=tree.ends("intro"),
        outro=tree.ends("outro"),
        front_source=front.file,
        key_lines=tuple((key, node.line) for key, node in said.items()),
    )
    return Parsed(guide, diagnostics)


def _read_markdown(source: Source, report: Report) -> tuple[dict[str, Node], Tree]:
    text = source.text
    fence = _FENCE.match(text)
    if fence is None:
        if text.startswith("---"):
            report.error(1, "front", "front matter is not closed; end it with a line `---`")
            return {}, Tree((), (), ())
        return {}, read_markdown(text, 1, report)
    said = read_yaml(fence[1], 2, report)
    return said, read_markdown(text[fence.end() :], text.count("\n", 0, fence.end()) + 1, report)


def _read(source: Source, front: Report, body: Report) -> tuple[dict[str, Node], Tree]:
    name = source.name.lower()
    if name.endswith(".txt"):
        return _sidecar(source, front), read_plain_text(source.text, body)
    if name.endswith((".html", ".htm")):
        from pipeline.guide.html import read_html  # lxml: 4 MiB that only pages cost

        return _sidecar(source, front), read_html(source.text, body)
    if name.endswith("/"):
        return _sidecar(source, front), read_markdown(source.text, 1, body)
    return _read_markdown(source, front)


def _sidecar(source: Source, front: Report) -> dict[str, Node]:
    if source.sidecar is None and source.guess:
        return {}
    if source.sidecar is None:
        folder, _, name = source.name.rpartition("/")
        sidecar = f"{folder}/{name.rsplit('.', 1)[0] or 'guide'}.toml"
        what = f'needs {sidecar} beside it with `title = "..."`'
        front.error(1, "sidecar", what)
        return {"title": Node("untitled", 1)}
    return read_toml(source.sidecar, front)

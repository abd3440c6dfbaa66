"""A source into a guide: front matter, then the body by its kind."""

from __future__ import annotations

import re

from pipeline.guide.front_matter import read_front
from pipeline.guide.markdown import read_markdown
from pipeline.guide.plain_text import read_plain_text
from pipeline.guide.source import Parsed, Report, Source, Tree
from pipeline.guide.strict import Node, read_toml, read_yaml
from pipeline.markup import slugify
from pipeline.model import Guide, Severity

_FENCE = re.compile(r"---[ \t]*\n(.*?)(?:^(?:---|\.\.\.)[ \t]*(?:\n|\Z))", re.DOTALL | re.MULTILINE)


def parse(source: Source) -> Parsed:
    """The guide that a source holds, and what was found on the way.

    Its name says what it is: `.txt` is plain text with a sidecar, all else Markdown with front
    matter. What is wrong is told by file and line, all of it at once; any error means no guide.
    """
    is_text = source.name.lower().endswith(".txt")
    front = Report(source.sidecar_name or source.name)
    body = Report(source.name)
    said, tree = _read_text(source, front, body) if is_text else _read_markdown(source, front)
    found = front if front.file == source.name else body
    stem = source.name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    declared = read_front(said, {"slug": slugify(stem), "title": tree.title}, front)
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


def _read_text(source: Source, front: Report, body: Report) -> tuple[dict[str, Node], Tree]:
    tree = read_plain_text(source.text, body)
    if source.sidecar is None:
        sidecar = source.name.rsplit(".", 1)[0] + ".toml"
        front.error(1, "sidecar", f'plain text needs {sidecar} beside it with `title = "..."`')
        return {"title": Node("untitled", 1)}, tree
    return read_toml(source.sidecar, front), tree

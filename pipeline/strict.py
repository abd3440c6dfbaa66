"""What people declare, as nodes that know their lines: strict YAML, TOML, and a report on both.

YAML is taken without its surprises: every scalar is the text as typed (`no` is "no", 010 is "010"),
and anchors, aliases, tags and duplicate keys are errors.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

import yaml

from pipeline.model import Diagnostic, Severity

DEEPEST = 8
"""Levels of nesting that front matter may have; it needs three."""


@dataclass(slots=True)
class Report:
    """Collects diagnostics about one file."""

    file: str
    found: list[Diagnostic] = field(default_factory=list)

    def error(self, line: int, rule: str, message: str) -> None:
        """Something keeps the guide from going out."""
        self.found.append(Diagnostic(self.file, line, Severity.ERROR, rule, message))

    def warn(self, line: int, rule: str, message: str) -> None:
        """Something is probably not meant."""
        self.found.append(Diagnostic(self.file, line, Severity.WARNING, rule, message))

    def note(self, line: int, rule: str, message: str) -> None:
        """Something was decided that the writer may want to know."""
        self.found.append(Diagnostic(self.file, line, Severity.NOTE, rule, message))


@dataclass(frozen=True, slots=True)
class Node:
    """A value with the line that it begins on."""

    value: Value
    line: int


Value: TypeAlias = "str | tuple[Node, ...] | Mapping[str, Node]"


def read_yaml(text: str, first_line: int, report: Report) -> dict[str, Node]:
    """The mapping that a YAML text holds; what is wrong goes into the report."""
    try:
        if _forbidden(text, first_line, report):
            return {}
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = first_line + (mark.line if mark else 0)
        what = getattr(error, "problem", None) or "it is nested too deeply"
        report.error(line, "yaml", f"front matter is not YAML: {what}")
        return {}
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        report.error(first_line, "yaml", "front matter must be `key: value` lines")
        return {}
    found = _node(root, first_line, report).value
    return dict(found) if isinstance(found, Mapping) else {}


def read_yaml_list(text: str, report: Report) -> tuple[Node, ...]:
    """The list that a YAML text holds; what is wrong goes into the report."""
    try:
        if _forbidden(text, 1, report):
            return ()
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "it is nested too deeply"
        report.error(1 + (mark.line if mark else 0), "yaml", f"is not YAML: {what}")
        return ()
    if root is None:
        return ()
    if not isinstance(root, yaml.SequenceNode):
        report.error(1, "yaml", "must be a list: items that begin with `- `")
        return ()
    found = _node(root, 1, report).value
    return found if isinstance(found, tuple) else ()


def _forbidden(text: str, first_line: int, report: Report) -> bool:
    """Whether the text uses what front matter may not: told by line, nothing is built."""
    depth, bad = 0, len(report.found)
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        line = first_line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            report.error(line, "yaml", "anchors and aliases (& and *) are not allowed; repeat it")
        elif (tag := getattr(event, "tag", None)) not in {None, "!"}:
            report.error(line, "yaml", f"tags ({tag}) are not allowed; write plain text")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            report.error(line, "yaml", "front matter is nested too deeply")
            return True
    return len(report.found) > bad


def _node(node: Any, first_line: int, report: Report) -> Node:
    line = first_line + node.start_mark.line
    if isinstance(node, yaml.SequenceNode):
        return Node(tuple(_node(one, first_line, report) for one in node.value), line)
    if not isinstance(node, yaml.MappingNode):
        return Node(str(node.value), line)
    found: dict[str, Node] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in found:
            where = first_line + key.start_mark.line
            report.error(where, "duplicate", f"{name} is said twice; keep one")
        found[name] = _node(value, first_line, report)
    return Node(found, line)


def read_toml(text: str, report: Report) -> dict[str, Node]:
    """The mapping that a TOML text holds; what is wrong goes into the report."""
    try:
        said = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"line (\d+)", str(error))
        report.error(int(found[1]) if found else 1, "toml", f"is not TOML: {error}")
        return {}
    lines = text.split("\n")
    return {key: _from_toml(value, _line_of(key, lines)) for key, value in said.items()}


def _line_of(key: str, lines: list[str]) -> int:
    """The line that first sets a key: `key = ...`, `[key]` or `[[key]]`."""
    sets = re.compile(rf'\s*(?:\[\[?\s*)?["\']?{re.escape(key)}["\']?\s*[.=\]]')
    return next((n for n, line in enumerate(lines, start=1) if sets.match(line)), 1)


def _from_toml(value: Any, line: int) -> Node:
    match value:
        case dict():
            return Node({key: _from_toml(one, line) for key, one in value.items()}, line)
        case list():
            return Node(tuple(_from_toml(one, line) for one in value), line)
        case bool():
            return Node(str(value).lower(), line)
        case datetime() | date():
            return Node(value.isoformat(), line)
        case _:
            return Node(str(value), line)

"""Rules of lints: a file of phrases, read strictly; no regular expression comes from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.model import Diagnostic, Profile, Severity
from pipeline.strict import Node, Report, read_yaml_list

KEYS = ("id", "severity", "profiles", "langs", "any", "except", "unless", "message")
NEEDED = ("id", "severity", "any", "message")
LONGEST = 100
"""Characters of a phrase."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Phrases that need a second look."""

    id: str
    severity: Severity
    message: str
    phrases: re.Pattern[str]
    excepted: re.Pattern[str] | None
    unless_cited: bool
    profiles: frozenset[str]
    langs: frozenset[str]
    """Languages that it knows; `*` is every one."""

    def is_for(self, profile: Profile, lang: str) -> bool:
        """Whether it holds for a guide of this profile and language."""
        return profile.value in self.profiles and bool({"*", lang[:2].lower()} & self.langs)


def read_rules(
    files: Iterable[tuple[str, str]],
) -> tuple[tuple[Rule, ...], tuple[Diagnostic, ...]]:
    """The rules of files, and what is wrong in them; a later rule replaces one of its id.

    Args:
        files: Names and texts, the least special first.
    """
    rules: dict[str, Rule] = {}
    told: list[Diagnostic] = []
    for name, text in files:
        report = Report(name)
        for node in read_yaml_list(text, report):
            rule = _rule(node, report)
            if rule is not None:
                rules[rule.id] = rule
        told += report.found
    return tuple(rules.values()), tuple(told)


def _rule(node: Node, report: Report) -> Rule | None:
    said = node.value
    if not isinstance(said, Mapping):
        report.error(node.line, "lint", "a rule must be `key: value` lines")
        return None
    unknown = [key for key in said if key not in KEYS]
    for key in unknown:
        report.error(said[key].line, "lint", f"{key} is no key of a rule; known: {', '.join(KEYS)}")
    missing = [key for key in NEEDED if key not in said]
    if missing:
        report.error(node.line, "lint", f"the rule needs {', '.join(missing)}")
    severity = str(said["severity"].value) if "severity" in said else ""
    if severity and severity not in set(Severity):
        known = ", ".join(Severity)
        report.error(said["severity"].line, "lint", f"severity must be one of {known}")
    if "unless" in said and said["unless"].value != "citation":
        report.error(said["unless"].line, "lint", "unless can only be `citation`")
    if unknown or missing or severity not in set(Severity):
        return None
    phrases = _pattern(_words(said["any"]))
    if phrases is None:
        report.error(said["any"].line, "lint", "any must name at least one phrase")
        return None
    return Rule(
        id=str(said["id"].value),
        severity=Severity(severity),
        message=str(said["message"].value),
        phrases=phrases,
        excepted=_pattern(_words(said["except"])) if "except" in said else None,
        unless_cited="unless" in said,
        profiles=frozenset(_words(said["profiles"]) if "profiles" in said else map(str, Profile)),
        langs=frozenset(_words(said["langs"]) if "langs" in said else ["*"]),
    )


def _words(node: Node) -> list[str]:
    given = node.value if isinstance(node.value, tuple) else (node,)
    return [str(one.value)[:LONGEST] for one in given if one.value]


def _pattern(phrases: Sequence[str]) -> re.Pattern[str] | None:
    """One expression for whole phrases; linear in the text, whatever they are."""
    if not phrases:
        return None
    parts = sorted(map(_phrase, phrases), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(parts)})(?![\w-])", re.IGNORECASE)


def _phrase(phrase: str) -> str:
    words = (re.escape(word) for word in phrase.replace("’", "'").split())
    joined = r"\s+".join(words)
    joined = joined.replace(r"\*", r"\w*").replace(r"\#", r"\d+(?:[.,]\d+)?")
    return joined.replace("'", "['’]").replace(r"(?:[.,]\d+)?\s+", r"(?:[.,]\d+)?\s*")

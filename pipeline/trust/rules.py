"""Rules of lints: a file of phrases, read strictly; no regular expression comes from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.model import Diagnostic, Profile, Severity, language
from pipeline.strict import Node, Report, read_yaml_list

KEYS = ("id", "severity", "profiles", "langs", "any", "except", "unless", "message")
NEEDED = ("id", "severity", "any", "message")
LONGEST = 100
"""Characters of a phrase."""

_FIGURES = r"\d+(?:[.,]\d+)?"
_NUMBER = rf"{_FIGURES}(?:\s?[-–—]\s?{_FIGURES}|\s(?:to|or)\s{_FIGURES})?"
"""A number, or two as of a range."""

_LANG = re.compile(r"[a-z]{2,3}|\*")


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
        return profile.value in self.profiles and bool({"*", language(lang)} & self.langs)


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
        lines: dict[str, int] = {}
        for node in read_yaml_list(text, report):
            rule = _rule(node, report)
            if rule is None:
                continue
            if rule.id in lines:
                report.error(node.line, "lint", f"{rule.id} is a rule of line {lines[rule.id]} too")
            lines.setdefault(rule.id, node.line)
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
    profiles = _known(said.get("profiles"), set(Profile), "profile", report)
    langs = _langs(said.get("langs"), report)
    phrases, excepted = _phrases(said.get("any"), report), _phrases(said.get("except"), report)
    if unknown or missing or severity not in set(Severity):
        return None
    if not phrases:
        report.error(said["any"].line, "lint", "any must name at least one phrase")
        return None
    return Rule(
        id=str(said["id"].value),
        severity=Severity(severity),
        message=str(said["message"].value),
        phrases=_pattern(phrases),
        excepted=_pattern(excepted) if excepted else None,
        unless_cited="unless" in said,
        profiles=frozenset(profiles or map(str, Profile)),
        langs=frozenset(langs or ["*"]),
    )


def _listed(node: Node | None) -> list[Node]:
    if node is None:
        return []
    given = node.value if isinstance(node.value, tuple) else (node,)
    return [one for one in given if one.value]


def _known(node: Node | None, known: Collection[str], what: str, report: Report) -> list[str]:
    found = []
    for one in _listed(node):
        if one.value in known:
            found.append(str(one.value))
        else:
            names = ", ".join(sorted(known))
            report.error(one.line, "lint", f"{one.value} is no {what}; known: {names}")
    return found


def _langs(node: Node | None, report: Report) -> list[str]:
    found = []
    for one in _listed(node):
        if isinstance(one.value, str) and _LANG.fullmatch(one.value):
            found.append(one.value)
        else:
            what = f"{one.value} is no language; write a code such as en, or *"
            report.error(one.line, "lint", what)
    return found


def _phrases(node: Node | None, report: Report) -> list[str]:
    """The phrases that can be looked for; each in a time linear in the text."""
    found = []
    for one in _listed(node):
        wrong = _wrong(one.value)
        if wrong:
            report.error(one.line, "lint", wrong)
        else:
            found.append(str(one.value))
    return found


def _wrong(phrase: object) -> str:
    """Why a phrase cannot be looked for; empty if it can."""
    if not isinstance(phrase, str):
        return "a phrase must be text"
    if len(phrase) > LONGEST:
        return f"a phrase of {len(phrase)} characters is too long; the most is {LONGEST}"
    if any(word.rstrip("*") in {"", "#"} and "*" in word for word in phrase.split()):
        return f"{phrase}: * stands for an ending; write letters before it"
    if any("*" in word[:-1] for word in phrase.split()):
        return f"{phrase}: * can only end a word"
    return ""


def _pattern(phrases: Sequence[str]) -> re.Pattern[str]:
    """One expression for whole phrases."""
    parts = sorted(map(_phrase, phrases), key=len, reverse=True)
    return re.compile("|".join(parts), re.IGNORECASE)


def _phrase(phrase: str) -> str:
    """An expression for a phrase, as a whole: `ice` is found neither in `nice` nor in `ice-cold`.

    A number may follow a hyphen, as in a range, and the word after it may touch it.
    """
    before = r"(?<!\w)" if phrase.lstrip().startswith("#") else r"(?<![\w-])"
    words = [re.escape(word) for word in phrase.replace("’", "'").split()]
    joined = r"\s+".join(words).replace(r"\#\s+", r"\#[\s-]*")
    joined = joined.replace(r"\*", r"\w*").replace(r"\#", _NUMBER)
    return before + joined.replace("'", "['’]") + r"(?![\w-])"

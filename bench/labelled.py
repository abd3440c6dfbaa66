"""Labelled sets that anyone can get: manual pages of Debian, and what their writers call related.

The section SEE ALSO of a page is taken out of its text and is the label: the pages that a person
who knew them chose as related. Pages of functions that belong together are what a ranking finds
hardest: they all speak alike.
"""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SETS = {
    "Linux": ("manpages", "manpages-dev"),
    "OpenSSL": ("libssl-doc",),
    "Xlib": ("libx11-doc",),
}
"""Packages of manual pages; the last two are pages of functions of one library each."""

_MACRO = re.compile(r"^[.'](?:SH|SS)\s+(.*)$")
_FONT = re.compile(r"\\f(?:\[\w*\]|\(..|.)|\\s[-+]?\d|\\[&/,|^]|\\\*\([lr]q")
_SPECIAL = {r"\-": "-", r"\e": "\\", r"\(aq": "'", r"\(dq": '"', r"\[aq]": "'", r"\[dq]": '"'}
_REFERENCE = re.compile(r"([A-Za-z_][\w.+-]*)\s*\((\d\w*)\)")
_ORDINARY = frozenset({
    "NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO", "LIBRARY", "STANDARDS", "HISTORY", "NOTES",
    "RETURN VALUE", "ERRORS", "ATTRIBUTES", "BUGS", "EXAMPLES", "VERSIONS", "CAVEATS", "COLOPHON",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page in its own words, and the names of those that are related to it."""

    name: str
    """As `open(2)`."""
    title: str
    headings: str
    body: str
    tags: tuple[str, ...]
    labels: frozenset[str]


def manual_pages(folder: Path, packages: Sequence[str]) -> tuple[LabelledPage, ...]:
    """The pages of some of Debian's packages, fetched into a folder if they are not there.

    Args:
        folder: Theirs alone.
        packages: Their names.

    Raises:
        OSError: `apt-get` or `dpkg-deb` is not there or cannot fetch them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob("*.deb")):
        _call("apt-get", "download", "--quiet", *packages, folder=folder)
    for package in folder.glob("*.deb"):
        if not (folder / "usr").exists() or not (folder / f"{package.name}.done").exists():
            _call("dpkg-deb", "--extract", package.name, ".", folder=folder)
            (folder / f"{package.name}.done").touch()
    pages = {one.name: one for one in _read(folder)}
    known = pages.keys()
    return tuple(
        LabelledPage(
            one.name, one.title, one.headings, one.body, one.tags, one.labels & known - {one.name}
        )
        for one in pages.values()
    )


def _call(*words: str, folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 -- our own words
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()[-200:]}")


def _read(folder: Path) -> Iterator[LabelledPage]:
    for path in sorted(folder.glob("usr/share/man/man*/*.gz")):
        if path.is_symlink():
            continue
        source = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
        if source.startswith(".so "):
            continue
        stem, _, section = path.name.removesuffix(".gz").rpartition(".")
        sections = dict(_sections(source))
        see = sections.pop("SEE ALSO", "")
        about = sections.get("NAME", "")
        header = re.search(r"#include <([\w/.]+)>", sections.get("SYNOPSIS", ""))
        yield LabelledPage(
            name=f"{stem}({section.removesuffix('ssl')})",  # as others refer to it
            title=f"{stem} {about.partition(' - ')[2] or about}",
            headings=" ".join(one for one in sections if one not in _ORDINARY),
            body=" ".join(sections.values()),
            tags=(f"section-{section[:1]}", *((header[1],) if header else ())),
            labels=frozenset(f"{name}({number})" for name, number in _REFERENCE.findall(see)),
        )


def _sections(source: str) -> Iterator[tuple[str, str]]:
    """The sections of a page by title, in words."""
    title, lines = "", list[str]()
    for line in source.split("\n"):
        if head := _MACRO.match(line):
            yield title, " ".join(lines)
            title, lines = _plain(head[1]).strip('" ').upper(), []
        elif not line.startswith((".\\", "'\\", ".TH", ".de", ".ie", ".el", ".if")):
            lines.append(_plain(re.sub(r"^[.'][A-Za-z]{1,3}(?:\s+|$)", "", line)))
    yield title, " ".join(lines)


def _plain(line: str) -> str:
    for code, meant in _SPECIAL.items():
        line = line.replace(code, meant)
    return _FONT.sub("", line).replace('"', " ").strip()

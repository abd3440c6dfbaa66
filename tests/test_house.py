"""The house itself: sizes that ruff does not know, and documents that must name what exists."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "pipeline").rglob("*.py"))


def lines_of(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_fits_in_the_head(path: Path) -> None:
    """No module has more than 400 lines."""
    assert lines_of(path) <= 400


def test_the_house_is_small_on_average() -> None:
    """The median module has at most 130 lines, the mean function at most 12."""
    assert statistics.median(map(lines_of, MODULES)) <= 130
    functions = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert statistics.mean(functions) <= 12


def test_the_timetable_stays_a_timetable() -> None:
    """scheduler.py has at most 150 lines, and nothing else knows APScheduler."""
    assert lines_of(ROOT / "scheduler.py") <= 150
    assert [path for path in MODULES if "apscheduler" in path.read_text(encoding="utf-8")] == []


def test_every_room_is_in_the_picture() -> None:
    """ARCHITECTURE.md names every room of pipeline/ in its table, and no other."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.split("## Rooms of `pipeline/`")[1].split("\n## ")[0]
    named = {
        name.strip()
        for row in re.findall(r"^\| ([a-z, ]+) \|", table, re.MULTILINE)
        for name in row.split(",")
    }
    there = {
        path.stem if path.is_file() else path.name
        for path in (ROOT / "pipeline").iterdir()
        if not path.name.startswith("__")
    }
    assert named - {"room"} == there


def test_every_guarding_test_exists() -> None:
    """The tests that ARCHITECTURE.md calls guards are files in this checkout."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", text))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_locks_name_hashes_and_no_index() -> None:
    """Every locked requirement carries a hash, and no file names where it is to be had."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        pins = re.findall(
            r"^[a-z0-9][\w.-]*==.*(?:\n +--hash=sha256:[0-9a-f]{64}.*)+", text, re.MULTILINE
        )
        assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)) > 30
        assert "://" not in text

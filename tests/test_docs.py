"""The documents say what there is: every command, every setting, every key."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main

from pipeline.cli import app
from pipeline.config import known_keys
from pipeline.guide.front_matter import KEYS

DOCS = Path(__file__).parents[1] / "docs"
README = (DOCS.parent / "README.md").read_text(encoding="utf-8")


def commands() -> dict[str, set[str]]:
    """Every command as it is typed, with its options."""
    found: dict[str, set[str]] = {}
    root = typer.main.get_command(app)
    for name, command in root.commands.items():  # type: ignore[attr-defined]  # it is a group
        nested = getattr(command, "commands", {})
        for path, one in {name: command, **{f"{name} {n}": c for n, c in nested.items()}}.items():
            if not getattr(one, "commands", None):
                found[path] = {opt for p in one.params for opt in p.opts if opt.startswith("--")}
    return found


def test_every_command_is_described() -> None:
    """docs/commands.md has each command with each of its options."""
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    rows = {row: line for line in text.splitlines() for row in re.findall(r"^\| `([a-z ]+)", line)}
    told = {name.strip(): line for name, line in rows.items()}
    assert told.keys() == commands().keys()
    for name, options in commands().items():
        missing = (
            options - {"--json", "--help", "--guides"} - set(re.findall(r"--[a-z-]+", told[name]))
        )
        assert not missing, f"{name}: {missing}"


def test_every_setting_is_described() -> None:
    """docs/settings.md has each section with each of its keys, and no other."""
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    told: dict[str, set[str]] = {}
    section = ""
    for line in text.splitlines():
        if found := re.match(r"\| \*\*\[+(\w+)\]+\*\*", line):
            section = found[1]
            told[section] = set()
        elif section and line.startswith("| `"):
            told[section] |= set(re.findall(r"`(\w+)`", line.split("|")[1]))
    assert told == {name: set(keys) for name, keys in known_keys().items()}


def test_every_front_matter_key_is_described() -> None:
    """docs/guides.md names each key."""
    text = (DOCS / "guides.md").read_text(encoding="utf-8")
    assert [key for key in KEYS if f"`{key}`" not in text] == []


def test_every_test_that_a_table_names_is_there() -> None:
    """What docs/ say of checks: each test is one of ours."""
    there = {
        path.name: path.read_text("utf-8") for path in Path(__file__).parent.rglob("test_*.py")
    }
    tests = "\n".join(there.values())
    for name in ("feeds.md", "mail.md"):
        rows = [line for line in (DOCS / name).read_text("utf-8").splitlines() if line[:1] == "|"]
        for file in re.findall(r"`(?:walks/)?(test_\w+\.py)", "\n".join(rows)):
            assert file in there, file
        for test in re.findall(r"[`:](test_\w+)`", "\n".join(rows)):
            assert f"def {test}(" in tests, f"{name}: {test}"


def test_links_between_documents_lead_somewhere() -> None:
    """Every relative link and picture in README and docs/ is a file of this checkout."""
    for path in (DOCS.parent / "README.md", *DOCS.rglob("*.md")):
        text = re.sub(r"`[^`\n]*`", "", path.read_text(encoding="utf-8"))
        for href in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (path.parent / href).exists(), f"{path.name}: {href}"


def test_the_readme_names_every_target_that_a_newcomer_needs() -> None:
    """Make run, once, test and check are explained where a newcomer looks."""
    for target in ("make run", "make once", "make test", "make check"):
        assert target in README

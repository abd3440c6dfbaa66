"""`guide import` and `guide export`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline import content, jobs
from pipeline.app import open_site
from pipeline.cli.guides import group
from pipeline.cli.root import Json, folder_of
from pipeline.cli.show import answer, diagnose, say
from pipeline.markup import count_words
from pipeline.model import Section
from pipeline.template import plural


@group.command("import")
def import_guide(  # noqa: PLR0913, PLR0917 -- one parameter an option, as Typer wants them
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="A file, a folder, or - for standard input.")],
    title: Annotated[str, typer.Option(help="Its title; default: what it says, or a guess.")] = "",
    slug: Annotated[str, typer.Option(help="Its slug; default: from the title.")] = "",
    kind: Annotated[str, typer.Option("--from", help="text, markdown or html.")] = "",
    out: Annotated[Path | None, typer.Option(help="Where to write the guide file.")] = None,
    force: Annotated[bool, typer.Option(help="Write over a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Make a guide file of a text, a Markdown file or a web page.

    It is a draft with front matter to fill in; nothing goes out before it says `status: ready`.
    """
    if path == "-":
        name, text = "standard input", content.decode(sys.stdin.buffer.read(), "standard input")
    else:
        name, text = jobs.read_any(Path(path))
    wanted = jobs.Wanted(title, slug, kind, out, force)
    with open_site(folder_of(context)) as app:
        report = jobs.import_text(app.desk, name, text, wanted)
    found = report.imported
    if as_json:
        answer(
            {
                "file": report.path,
                "title": found.guide.title if found.guide else None,
                "title_is_guessed": found.title_is_guessed,
                "slug": found.guide.slug if found.guide else None,
                "diagnostics": [asdict(one) for one in found.diagnostics],
            }
        )
    else:
        diagnose(found.diagnostics)
        _told(report)
    if found.guide is None:
        raise typer.Exit(1)


def _told(report: jobs.ImportedReport) -> None:
    guide = report.imported.guide
    if guide is None:
        say("Nothing was written.", "red")
        return
    words = sum(map(count_words, guide.parts))
    sections = plural(_count(guide.sections), "section", "sections")
    say(f"{report.path}: {sections}, {plural(words, 'word', 'words')}")
    if report.imported.title_is_guessed:
        say(f'The title "{guide.title}" is a guess: change it, or say --title.', "yellow")
    say("It is a draft: fill in the front matter, then say `status: ready`.")


def _count(sections: tuple[Section, ...]) -> int:
    return sum(1 + _count(one.children) for one in sections)


@group.command()
def export(
    context: typer.Context,
    guide: Annotated[str, typer.Argument(help="The guide's slug.")],
    out: Annotated[Path | None, typer.Option(help="A file; default: standard output.")] = None,
    as_json: Json = False,
) -> None:
    """Write a guide as Markdown, whatever it was made from."""
    with open_site(folder_of(context)) as app:
        text = jobs.export(app.desk, guide, app.desk.clock())
    if out is not None:
        jobs.write_export(out, text)
    if as_json:
        answer({"guide": guide, "file": out, "text": text})
    elif out is None:
        sys.stdout.write(text)
    else:
        say(f"{guide} is in {out}")

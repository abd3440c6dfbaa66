"""`check`, `plan`, `preview` and `guide ...`: what guides become."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import jobs
from pipeline.app import App, moment, open_site
from pipeline.cli.root import Json, Now, folder_of
from pipeline.cli.show import answer, diagnose, out, progress, say, table, when
from pipeline.errors import UsageError
from pipeline.guide import Accept
from pipeline.jobs import Volume
from pipeline.markup import count_words
from pipeline.model import CatchUp, Section, Severity
from pipeline.template import plural

group = typer.Typer(help="Look at guides, and let held ones go on.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(check)
    app.command()(plan)
    app.command()(preview)
    app.add_typer(group, name="guide")


def check(
    context: typer.Context,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    as_json: Json = False,
) -> None:
    """Check settings, guides, templates and relay.

    Nothing is written or sent.
    """
    with open_site(folder_of(context)) as app, progress("Checking guides") as tell:
        report = jobs.check(app.desk, app.desk.clock(), tell)
    found = sorted(report.diagnostics, key=lambda one: (one.file, one.line))
    fatal = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    failed = bool(report.problems) or any(one.severity in fatal for one in found)
    if as_json:
        answer(
            {
                "ok": not failed,
                "guides": report.guides,
                "diagnostics": [asdict(one) for one in found],
                "problems": report.problems,
                "templates": report.templates,
            }
        )
    else:
        diagnose(found)
        for name in report.templates:
            say(f"templates/{name} of this site stands in the place of ours", "dim")
        for problem in report.problems:
            say(problem, "red")
        count = {level: sum(one.severity is level for one in found) for level in Severity}
        guides = plural(report.guides, "guide", "guides")
        errors = plural(count[Severity.ERROR], "error", "errors")
        warnings = plural(count[Severity.WARNING], "warning", "warnings")
        say(f"{guides} can go out; {errors}, {warnings}")
    if failed:
        raise typer.Exit(1)


def plan(
    context: typer.Context,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="No later than this.")
    ] = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Show what goes out when, and to how many."""
    with open_site(folder_of(context), now) as app:
        zone = app.desk.site.zone
        last = moment(until, zone) if until else None
        report = jobs.forecast(app.desk, app.desk.clock(), last)
    if as_json:
        answer(
            {
                "departures": [asdict(one) for one in report.departures],
                "held": [asdict(one) for one in report.held],
            }
        )
        return
    diagnose(one for one in report.diagnostics if one.severity is Severity.ERROR)
    table(
        ("when", "guide", "part", "title", "how", "readers"),
        (
            (
                when(one.due_at, zone),
                one.guide,
                f"{one.number}/{one.of}",
                one.subject,
                one.mode,
                str(one.readers),
            )
            for one in report.departures
        ),
        right=(2, 5),
    )
    for one in report.held:
        say(held_line(one), "yellow")
    if not report.departures:
        say("Nothing is to come: every part is out.")
    else:
        say(f"Times in {zone}.", "dim")


def held_line(one: jobs.Held) -> str:
    """What is held, why, and what to do."""
    return (
        f"{one.guide}: part {one.number} is {one.late.days} days late and held; say how to go on: "
        f"partwork guide resume {one.guide} --catch-up spread|all|shift"
    )


def preview(  # noqa: PLR0913, PLR0917 -- an argument is an option
    context: typer.Context,
    guide: Annotated[str, typer.Argument(help="The guide's slug.")],
    issue: Annotated[int, typer.Argument(help="The part's number.")],
    out_folder: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where to write.")
    ] = Path("preview"),
    lint: Annotated[
        bool,
        typer.Option("--lint", help="Tell what mail programs do not show of it."),
    ] = False,
    png: Annotated[
        bool, typer.Option("--png/--no-png", help="Pictures, where Chromium is installed.")
    ] = True,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Write the exact bytes of an issue.

    A message (.eml) with its HTML and its text, the page, and the feeds; pictures of the mail at
    375, 600 and 800 pixels, light and dark; nothing else changes.
    """
    with open_site(folder_of(context), now) as app:
        wanted = jobs.PartKey(guide, issue)
        report = jobs.preview(app.desk, wanted, out_folder, app.desk.clock(), png=png)
    if as_json:
        answer(
            {
                "id": report.issue.id,
                "subject": report.issue.subject,
                "released": report.is_released,
                "files": report.files,
                "findings": [asdict(one) for one in report.findings],
            }
        )
        _linted(report, lint=lint)
        return
    state = "as released" if report.is_released else "as it would go out"
    say(f"{report.issue.subject} ({report.issue.number} of {report.issue.of}), {state}:")
    for path in report.files:
        say(f"  {path}")
    if lint:
        for one in report.findings:
            say(str(one), "red" if one.severity == "error" else "yellow")
        say("" if report.findings else "No mail program that you name leaves anything out.")
    _linted(report, lint=lint)


def _linted(report: jobs.PreviewReport, *, lint: bool) -> None:
    if lint and any(one.severity == "error" for one in report.findings):
        raise typer.Exit(1)


@group.command("list")
def list_guides(context: typer.Context, as_json: Json = False) -> None:
    """List the guides in content/, with how far each has come."""
    with open_site(folder_of(context)) as app:
        rows, diagnostics = _guide_rows(app)
        zone = app.desk.site.zone
    if as_json:
        answer(rows)
        return
    diagnose(one for one in diagnostics if one.severity is Severity.ERROR)
    table(
        ("slug", "title", "status", "out", "next", "cadence"),
        (
            (
                row["slug"],
                row["title"],
                row["status"],
                f"{row['released']}/{row['parts']}",
                when(row["next_at"], zone),
                row["cadence"],
            )
            for row in rows
        ),
        right=(3,),
    )


def _guide_rows(app: App) -> tuple[list[dict[str, Any]], tuple[Any, ...]]:
    now = app.desk.clock()
    catalogue = jobs.catalogue_of(app.desk, now)
    known = {one.front.slug: one for one in jobs.serials(app.desk, now)}
    departures = jobs.forecast(app.desk, now).departures
    next_at = {one.guide: one.due_at for one in reversed(departures) if one.mode == "live"}
    parts = {one.guide: one.of for one in departures}
    rows = []
    for volume in catalogue.volumes:
        front = volume.guide.front
        serial = known.get(front.slug)
        rows.append(
            {
                "slug": front.slug,
                "title": front.title,
                "status": front.status.value,
                "file": volume.guide.source,
                "profile": front.profile.value,
                "cadence": front.cadence or app.desk.cadence,
                "zone": front.zone or app.desk.site.zone,
                "released": serial.done if serial else 0,
                "parts": parts.get(front.slug, len(serial.parts) if serial else 0),
                "next_at": next_at.get(front.slug),
            }
        )
    return rows, catalogue.diagnostics


@group.command()
def show(
    context: typer.Context,
    guide: Annotated[str, typer.Argument(help="The guide's slug.")],
    as_json: Json = False,
) -> None:
    """Show a guide's sections and the parts that they become."""
    with open_site(folder_of(context)) as app:
        found = jobs.look(app.desk, guide, app.desk.clock())
    payload = _shown(found.volume)
    payload["parts"] = [
        {
            "number": part.number,
            "subject": part.subject,
            "words": part.words,
            "sections": [one.number or one.role for one in part.sections],
            "released": part.number <= found.released,
        }
        for part in found.parts
    ]
    if as_json:
        answer(payload)
        return
    say(found.volume.guide.title, "bold")
    for section in found.volume.guide.parts:
        _print_section(section, 0)
    say()
    table(
        ("part", "words", "title", ""),
        (
            (str(row["number"]), str(row["words"]), row["subject"], "out" * row["released"])
            for row in payload["parts"]
        ),
        right=(0, 1),
    )


def _shown(volume: Volume) -> dict[str, Any]:
    guide = volume.guide
    return {
        "slug": guide.slug,
        "title": guide.title,
        "lang": guide.front.lang,
        "file": guide.source,
        "status": guide.front.status.value,
        "intro": _section(guide.intro) if guide.intro else None,
        "sections": [_section(one) for one in guide.sections],
        "outro": _section(guide.outro) if guide.outro else None,
    }


def _section(one: Section) -> dict[str, Any]:
    return {
        "id": one.id,
        "number": one.number,
        "title": one.title,
        "words": count_words(replace(one, children=())),
        "words_with_children": count_words(one),
        "lines": [one.lines.first, one.lines.last],
        "children": [_section(child) for child in one.children],
    }


def _print_section(one: Section, depth: int) -> None:
    label = f"{one.number} {one.title}".strip() or f"({one.role})"
    words = count_words(replace(one, children=()))
    out.print(f"  {'  ' * depth}{label}  [dim]{words} words[/dim]", markup=True)
    for child in one.children:
        _print_section(child, depth + 1)


@group.command()
def ids(
    context: typer.Context,
    guide: Annotated[str, typer.Argument(help="The guide's slug.")],
    accept: Annotated[
        str | None,
        typer.Option(help="Answer every doubt: `same` section rewritten, or a `new` one."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the permanent ids of a guide's sections, and settle what is in doubt."""
    if accept is not None and accept not in set(Accept):
        raise UsageError(f"--accept {accept!r} is not known", "say same or new")
    with open_site(folder_of(context)) as app:
        report = jobs.settle_ids(app.desk, guide, Accept(accept) if accept else None)
    if as_json:
        answer(asdict(report))
    else:
        table(
            ("id", "section"),
            (
                (
                    "new" if one.id in report.minted and not accept else one.id,
                    " > ".join((*one.parents, one.title)) + " (gone)" * one.gone,
                )
                for one in report.known
            ),
        )
        diagnose(report.diagnostics)
        if accept and not report.diagnostics:
            say(f"Kept in {report.file}; {plural(len(report.minted), 'new id', 'new ids')}.")
    if report.diagnostics:
        raise typer.Exit(1)


@group.command()
def resume(
    context: typer.Context,
    guide: Annotated[str, typer.Argument(help="The guide's slug.")],
    catch_up: Annotated[
        str, typer.Option("--catch-up", help="spread (one a day), all (at once) or shift.")
    ],
    as_json: Json = False,
) -> None:
    """Let a held guide go on, and say what happens to its overdue parts."""
    if catch_up not in set(CatchUp):
        raise UsageError(f"--catch-up {catch_up!r} is not known", "say spread, all or shift")
    with open_site(folder_of(context)) as app:
        jobs.resume(app.desk, guide, CatchUp(catch_up), app.desk.clock())
    if as_json:
        answer({"guide": guide, "catch_up": catch_up})
    else:
        say(f"{guide} goes on at the next tick ({catch_up}).")

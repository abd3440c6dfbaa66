"""`subscriber ...`: who reads."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import jobs, store
from pipeline.app import open_site
from pipeline.cli.root import PARTLY_DONE, Json, folder_of
from pipeline.cli.show import answer, complain, say, table, when
from pipeline.errors import FileError, UsageError
from pipeline.jobs import ImportReport, SubscriberReport, Wish

group = typer.Typer(help="Add, import and look at subscribers.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="subscriber")


@group.command()
def add(  # noqa: PLR0913, PLR0917 -- one parameter an option, as Typer wants them
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="Their mail address.")],
    guide: Annotated[
        list[str] | None,
        typer.Option("--guide", "--guides", help="A guide's slug; repeat for more. None: all."),
    ] = None,
    drip: Annotated[
        bool, typer.Option("--drip/--live", help="From part 1, on days of their own.")
    ] = False,
    cadence: Annotated[
        str, typer.Option(help='Of a drip: "weekly mon 09:00", "every 2 days", "3d" ...')
    ] = "",
    zone: Annotated[str, typer.Option(help="Their time zone, such as Europe/Berlin.")] = "",
    hour: Annotated[str, typer.Option(help="The local hour, 0 to 23, to mail them at.")] = "",
    name: Annotated[str, typer.Option(help="Their name.")] = "",
    lang: Annotated[str, typer.Option(help="Their language.")] = "",
    as_json: Json = False,
) -> None:
    """Add a subscriber, or guides to one."""
    wish = Wish(
        email=email,
        name=name,
        lang=lang,
        zone=zone,
        hour=hour,
        cadence=cadence,
        guides=tuple(slug for one in guide or () for slug in one.replace(",", " ").split()),
        mode="drip" if drip else "live",
    )
    with open_site(folder_of(context)) as app:
        person, is_new = jobs.subscribe(app.desk, wish, app.desk.clock())
    if as_json:
        answer({"id": person.id, "address": person.address, "new": is_new})
        return
    what = ", ".join(wish.guides) or "every guide"
    how = "from part 1, on their own days" if drip else "as parts are released"
    say(f"{'Added' if is_new else 'Known'}: {person.address} reads {what} {how}.")


@group.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file with a header; `email` is required.")],
    quiet: Annotated[bool, typer.Option("--quiet", help="Say only what was refused.")] = False,
    as_json: Json = False,
) -> None:
    """Import subscribers from a CSV file; those already known stay as they are.

    Columns: email, name, lang, zone, hour, guides, mode, cadence, status, consent_at,
    consent_source.
    """
    with open_site(folder_of(context)) as app:
        report = jobs.import_csv(app.desk, _read(file), file.name, app.desk.clock())
    if as_json:
        answer(_imported(report))
    else:
        for problem in report.refused:
            complain(str(problem))
        if not quiet:
            say(
                f"{report.added} added, {report.known} already known, {len(report.refused)} refused"
            )
    if report.refused:
        raise typer.Exit(PARTLY_DONE if report.added or report.known else 1)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(
            str(file), f"byte {error.start} is not UTF-8", "save the file as UTF-8"
        ) from error
    except OSError as error:
        raise FileError(str(file), error.strerror or str(error), "name another file") from error


def _imported(report: ImportReport) -> dict[str, Any]:
    return {
        "added": report.added,
        "known": report.known,
        "refused": [str(one) for one in report.refused],
        "by_status": report.by_status,
    }


@group.command("list")
def list_all(context: typer.Context, as_json: Json = False) -> None:
    """List all subscribers."""
    with open_site(folder_of(context)) as app, app.desk.store.read() as tx:
        people = tuple(store.subscribers.everyone(tx))
        zone = app.desk.site.zone
    if as_json:
        answer([asdict(one) for one in people])
        return
    table(
        ("address", "status", "since", "zone", "hour"),
        (
            (
                one.address,
                one.status,
                when(one.created_at, zone),
                one.zone,
                "" if one.hour is None else str(one.hour),
            )
            for one in people
        ),
        right=(4,),
    )
    if not people:
        say("Nobody yet: partwork subscriber add ADDRESS")


@group.command()
def show(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="Their mail address.")],
    as_json: Json = False,
) -> None:
    """Show one subscriber: what they follow, and what became of each message."""
    with open_site(folder_of(context)) as app:
        report = jobs.subscriber(app.desk, email)
        zone = app.desk.site.zone
    if report is None:
        raise UsageError(f"nobody has the address {email!r}", "see `partwork subscriber list`")
    if as_json:
        answer(
            {
                **asdict(report.subscriber),
                "subscriptions": [asdict(one) for one in report.subscriptions],
                "deliveries": [dict(one) for one in report.deliveries],
            }
        )
    else:
        _print_person(report, zone)


def _print_person(report: SubscriberReport, zone: str) -> None:
    person = report.subscriber
    say(f"{person.address}  {person.status}", "bold")
    table(
        ("follows", "how", "cadence", "started", "left"),
        (
            (
                one.guide.replace(store.EVERY_GUIDE, "every guide"),
                one.mode,
                one.cadence or "-",
                when(one.started_at, zone),
                when(one.ended_at, zone),
            )
            for one in report.subscriptions
        ),
    )
    say()
    table(
        ("guide", "part", "state", "planned", "settled", "said"),
        (
            (
                str(one["guide"]),
                str(one["number"]),
                str(one["state"]),
                when(one["planned_at"], zone),  # type: ignore[arg-type]  # a column of instants
                when(one["settled_at"], zone),  # type: ignore[arg-type]  # the same
                str(one["reply"] or ""),
            )
            for one in report.deliveries
        ),
        right=(1,),
    )

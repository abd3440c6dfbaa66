"""`subscriber ...`: who reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import jobs, store
from pipeline.app import open_site
from pipeline.cli.root import PARTLY_DONE, Json, folder_of
from pipeline.cli.show import answer, complain, progress, say, table, when
from pipeline.errors import FileError, UsageError
from pipeline.jobs import ImportOptions, ImportReport, SubscriberReport, Wish

MOST_SHOWN = 20
"""Refused rows that are shown on the screen."""

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
def import_file(  # noqa: PLR0913, PLR0917 -- one parameter an option, as Typer wants them
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file with a header; `email` is required.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only; keep nothing.")] = False,
    consent: Annotated[
        str, typer.Option(metavar="TEXT", help="How those agreed whose row does not say it.")
    ] = "",
    consent_at: Annotated[str, typer.Option(metavar="ISO", help="When they did.")] = "",
    refused: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the refused rows there.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say only what was refused.")] = False,
    as_json: Json = False,
) -> None:
    """Import subscribers from a CSV file; those already known stay as they are.

    Columns: email, name, lang, zone, hour, guides, mode, cadence, status, consent_at,
    consent_source. Exports of listmonk, Ghost, Mailchimp and Buttondown are known too. Who has no
    consent_at and consent_source is pending: nobody is mailed who did not agree.
    """
    if bool(consent) != bool(consent_at):
        raise UsageError("--consent and --consent-at belong together", "give both")
    options = ImportOptions(consent_at, consent, dry_run)
    with (
        open_site(folder_of(context)) as app,
        _lines(file) as (lines, total),
        progress("rows") as tell,
    ):
        now = app.desk.clock()
        report = jobs.import_list(
            app.desk, lines, file.name, now, options, lambda line: tell(line, total)
        )
    if refused is not None:
        _write_refused(refused, report)
    if as_json:
        answer(_imported(report))
    else:
        _print_import(report, is_quiet=quiet, is_dry=dry_run)
    if report.refused:
        raise typer.Exit(PARTLY_DONE if report.added or report.known else 1)


def _print_import(report: ImportReport, *, is_quiet: bool, is_dry: bool) -> None:
    for problem in report.refused[:MOST_SHOWN]:
        complain(str(problem))
    if len(report.refused) > MOST_SHOWN:
        complain(f"and {len(report.refused) - MOST_SHOWN:,} more: --refused FILE writes them all")
    if is_quiet:
        return
    would = " would be" if is_dry else ""
    say(
        f"{report.added:,}{would} added, {report.known:,} already known,"
        f" {len(report.refused):,} refused"
    )
    if report.unproven:
        say(f"{report.unproven:,} of them pending: nothing tells that they agreed.", "yellow")
        say("Add consent_at and consent_source, or give --consent and --consent-at.", "yellow")


@contextmanager
def _lines(file: Path) -> Iterator[tuple[Iterator[str], int]]:
    """The lines of a file and their number, once it is known to be UTF-8 to its end."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            total = sum(piece.count("\n") for piece in iter(lambda: opened.read(1 << 20), ""))
            opened.seek(0)
            yield iter(opened), total
    except UnicodeDecodeError as error:
        said = f"is not UTF-8: it holds the byte {error.object[error.start]:#04x}"
        raise FileError(str(file), said, "save it as UTF-8, and import that") from error
    except OSError as error:
        raise FileError(str(file), error.strerror or str(error), "name another file") from error


def _write_refused(file: Path, report: ImportReport) -> None:
    lines = "".join(f"{problem}\n" for problem in report.refused)
    _write_private(file, iter([lines]))


def _write_private(file: Path, lines: Iterator[str]) -> int:
    """Write lines to a new or an old file that only its owner may read; returns how many."""
    draft, count = file.with_name(f".{file.name}.new"), 0
    try:
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        with draft.open("w", encoding="utf-8", newline="") as opened:
            for line in lines:
                opened.write(line)
                count += 1
        draft.replace(file)
    except OSError as error:
        raise FileError(str(file), error.strerror or str(error), "name another file") from error
    return count


@group.command("export")
def export_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to write it; only you can read it.")],
    as_json: Json = False,
) -> None:
    """Write all subscribers into a CSV file that `import` reads."""
    with open_site(folder_of(context)) as app:
        count = _write_private(file, jobs.export_list(app.desk)) - 1
    if as_json:
        answer({"file": str(file), "rows": count})
    else:
        say(f"{count:,} rows written to {file}, readable by you alone.")


@group.command()
def erase(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="Their mail address.")],
    as_json: Json = False,
) -> None:
    """Erase somebody for good, as they can themselves on their page."""
    with open_site(folder_of(context)) as app:
        with app.desk.store.read() as tx:
            person = store.subscribers.by_address(tx, email)
        if person is None:
            raise UsageError(f"nobody has the address {email!r}", "see `partwork subscriber list`")
        jobs.erase(app.desk, person.id, app.desk.clock())
    if as_json:
        answer({"id": person.id, "erased": True})
    else:
        say(f"Erased. No list brings {email} back; they themselves can.")


def _imported(report: ImportReport) -> dict[str, Any]:
    return {
        "added": report.added,
        "known": report.known,
        "refused": [str(one) for one in report.refused],
        "by_status": report.by_status,
        "unproven": report.unproven,
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
                "events": [asdict(one) for one in report.events],
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
    if report.events:
        say()
        table(
            ("when", "what", "guide", ""),
            ((when(one.at, zone), one.kind, one.guide, one.detail) for one in report.events),
        )

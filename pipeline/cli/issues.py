"""`issue ...`: what is done with a part that is out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from pipeline import jobs
from pipeline.app import App, open_site
from pipeline.cli.root import Json, folder_of
from pipeline.cli.show import answer, say, when
from pipeline.model import Issue

TAKEN = 2
"""The first digit of an SMTP reply that takes a message."""

group = typer.Typer(help="Correct what is out, and see what became of it.", no_args_is_help=True)

Guide = Annotated[str, typer.Argument(help="The guide's slug.")]
Number = Annotated[int, typer.Argument(help="The part's number.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="issue")


@group.command()
def correct(
    context: typer.Context,
    guide: Guide,
    issue: Number,
    note: Annotated[str, typer.Argument(help="What was wrong, in a sentence or two.")],
    as_json: Json = False,
) -> None:
    """Put a dated note on an issue and publish it.

    Edit the guide first, if its text was wrong. Feed readers see an update of the same entry; mail
    that was sent is not sent again, and leads to the page.
    """
    with open_site(folder_of(context)) as app:
        now = app.desk.clock()
        corrected = jobs.correct(app.desk, guide, issue, note, now)
        _publish(app)
        _told(app, corrected, as_json=as_json)


@group.command()
def pause(
    context: typer.Context,
    guide: Guide,
    issue: Number,
    why: Annotated[str, typer.Option("--why", help="For who looks later.")] = "by the operator",
    as_json: Json = False,
) -> None:
    """Hold an issue's mail back: what is under way is settled, nothing else begins."""
    with open_site(folder_of(context)) as app:
        waiting = jobs.pause_issue(app.desk, guide, issue, why)
    if as_json:
        answer({"waiting": waiting})
        return
    say(f"{waiting} messages wait. Let them go with: partwork issue resume {guide} {issue}")


@group.command()
def resume(context: typer.Context, guide: Guide, issue: Number, as_json: Json = False) -> None:
    """Let the mail of a paused issue go on, where it stopped."""
    with open_site(folder_of(context)) as app:
        waiting = jobs.resume_issue(app.desk, guide, issue, app.desk.clock())
    if as_json:
        answer({"resumed": waiting})
        return
    say(f"{waiting} messages go out with the next pass.")


@group.command("test")
def send_test(
    context: typer.Context,
    guide: Guide,
    issue: Number,
    to: Annotated[str, typer.Option("--to", metavar="EMAIL", help="Who gets it.")],
    as_json: Json = False,
) -> None:
    """Send an issue to one address, marked as a test.

    It goes the way that all mail goes; nothing is recorded, and nobody else gets it.
    """
    with open_site(folder_of(context)) as app:
        reply = jobs.send_test(app.desk, guide, issue, to, app.desk.clock())
    is_taken = reply.code // 100 == TAKEN
    if as_json:
        answer({"to": to, "taken": is_taken, "code": reply.code, "text": reply.text})
    else:
        said = f"{reply.code} {reply.text}".strip()
        say(f"Sent to {to}: {said}" if is_taken else f"Not sent to {to}: {said}")
    if not is_taken:
        raise typer.Exit(1)


@group.command()
def confirm(context: typer.Context, guide: Guide, issue: Number, as_json: Json = False) -> None:
    """Take what was edited after the last review as minor.

    Until then feed, mail and page say that the issue was edited after its review.
    """
    with open_site(folder_of(context)) as app:
        confirmed = jobs.confirm(app.desk, guide, issue)
        _publish(app)
        _told(app, confirmed, as_json=as_json)


@group.command()
def show(context: typer.Context, guide: Guide, issue: Number, as_json: Json = False) -> None:
    """Show an issue's id, dates, revision and corrections."""
    with open_site(folder_of(context)) as app:
        _told(app, jobs.issue_of(app.desk, guide, issue), as_json=as_json)


def _publish(app: App) -> None:
    now = app.desk.clock()
    jobs.rebuild(app.desk, jobs.serials(app.desk, now), now)


def _told(app: App, one: Issue, *, as_json: bool) -> None:
    if as_json:
        answer(
            {
                "id": one.id,
                "guide": one.guide,
                "number": one.number,
                "of": one.of,
                "subject": one.subject,
                "released_at": one.released_at,
                "updated_at": one.updated_at,
                "revision": one.revision,
                "edited_at": one.edited_at,
                "corrections": [asdict(each) for each in one.corrections],
                "path": one.path,
            }
        )
        return
    zone = app.desk.site.zone
    title = f": {one.subject}" if one.subject != one.guide_title else ""
    say(f"{one.guide_title}, {one.number} of {one.of}{title}", "bold")
    say(f"id         {one.id}")
    say(f"released   {when(one.released_at, zone)} {zone}")
    say(f"updated    {when(one.updated_at, zone)}, revision {one.revision}")
    if one.edited_at is not None:
        say(f"edited     {when(one.edited_at, zone)}, after its review", "yellow")
    for each in one.corrections:
        say(f"corrected  {when(each.at, zone)}  {each.note}")
    say(f"page       {app.desk.site.url(one.path)}")

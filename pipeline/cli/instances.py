"""`instance ...`: whether this copy of a site may send."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from pipeline import jobs
from pipeline.app import open_site
from pipeline.cli.root import Json, folder_of
from pipeline.cli.show import answer, say

group = typer.Typer(help="Let a copy of a site send, or see whether it may.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="instance")


@group.command()
def show(context: typer.Context, as_json: Json = False) -> None:
    """Show which copy of the site this is, and whether it may send."""
    with open_site(folder_of(context)) as app:
        here, why = app.desk.place.instance(), jobs.lock(app.desk)
    if as_json:
        answer({**asdict(here), "locked": why})
        return
    say(f"Instance  {here.name}" + (f" on {here.host}" if here.host else ""))
    say(f"Base URL  {here.base_url}")
    say(f"Locked    {why}" if why else "It may send.", "yellow" if why else "")


@group.command()
def confirm(
    context: typer.Context,
    doubt: Annotated[
        bool,
        typer.Option(
            "--doubt",
            help="What is due may have been sent already: hold it until `delivery resolve`.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Let this copy of the site send from now on.

    A copy that was made for trying things out must stay as it is: its readers are real.
    """
    with open_site(folder_of(context)) as app:
        report = jobs.confirm_instance(app.desk, app.desk.clock(), doubts=doubt)
    if as_json:
        answer(asdict(report))
        return
    say(f"This copy may send: {report.instance.name}, {report.instance.base_url}")
    if report.doubted:
        say(f"{report.doubted} messages are uncertain: decide with `partwork delivery resolve`")
    if report.waiting:
        say(f"{report.waiting} messages are due and go out with the next pass.")

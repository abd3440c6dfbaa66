"""`related`: which links a part carries, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipeline import jobs
from pipeline.app import open_site
from pipeline.cli.root import Json, Now, folder_of
from pipeline.cli.show import answer, say, table


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(related)


def related(
    context: typer.Context,
    guide: Annotated[str, typer.Argument(help="The guide's slug.")],
    issue: Annotated[int | None, typer.Argument(help="The part's number; default: all.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell what else was considered, and why not.")
    ] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Show the related links of a guide's parts.

    Those of a part that is out are frozen; of others, as they would be chosen now.
    """
    with open_site(folder_of(context), now) as app:
        found = jobs.links(app.desk, guide, issue, app.desk.clock(), explained=explain)
    if as_json:
        answer([_payload(one) for one in found])
        return
    for one in found:
        state = "as released" if one.is_released else "as it would go out now"
        say(f"{one.issue.number}/{one.issue.of}  {one.issue.subject}", "bold")
        say(f"{len(one.issue.related)} links, {state}", "dim")
        table(
            ("score", "title", "where", "shared words"),
            (
                (
                    "pin" if link.pinned else f"{link.score:.3f}",
                    link.title,
                    link.path,
                    ", ".join(link.terms),
                )
                for link in one.issue.related
            ),
            right=(0,),
        )
        _print_considered(one)
        say()


def _print_considered(one: jobs.Links) -> None:
    if not one.considered:
        return
    say("considered today", "dim")
    table(
        ("score", "title", "where", "why not", "shared words"),
        (
            (
                f"{each.score:.3f}",
                each.page.title,
                each.page.address,
                each.gate or "(chosen)",
                ", ".join(each.terms),
            )
            for each in one.considered
        ),
        right=(0,),
    )


def _payload(one: jobs.Links) -> dict[str, Any]:
    return {
        "number": one.issue.number,
        "subject": one.issue.subject,
        "released": one.is_released,
        "related": one.issue.related,
        "considered": [
            {
                "title": each.page.title,
                "path": each.page.address,
                "score": each.score,
                "terms": each.terms,
                "gate": each.gate,
            }
            for each in one.considered
        ],
    }

"""What all commands share: the site's folder, and how an answer is given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="partwork",
    help="Publish long-form guides in parts, on a schedule: as feeds, mail and pages.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 done, 1 failed, 2 usage or settings, 3 partly done.",
)

PARTLY_DONE = 3
"""The exit code of what was done in part."""

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Now = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="ISO",
        help="Act as if it were this moment; mail then goes to the Maildir or a relay on this "
        "machine only.",
    ),
]


@app.callback()
def root(
    context: typer.Context,
    site: Annotated[
        Path, typer.Option("--site", metavar="DIR", help="The site's folder.")
    ] = Path(),
) -> None:
    """Publish long-form guides in parts, on a schedule: as feeds, mail and pages."""
    context.obj = site.resolve()


def folder_of(context: typer.Context) -> Path:
    """The site's folder as given before the command."""
    found: Path = context.obj
    return found

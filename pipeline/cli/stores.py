"""`store ...`: the database as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline import store
from pipeline.app import open_site
from pipeline.cli.root import Json, folder_of
from pipeline.cli.show import answer, say, table
from pipeline.config import FILE_NAME

group = typer.Typer(help="Move the database.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="store")


@group.command()
def migrate(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="The database to move to.")],
    as_json: Json = False,
) -> None:
    """Copy everything into another database, from SQLite to PostgreSQL or back.

    Stop the scheduler first. The old database stays as it is; the settings then name the new one.
    """
    folder = folder_of(context)
    with open_site(folder) as app:
        target = store.open_store(store.StoreOptions(to), folder)
        try:
            counts = store.copy(app.desk.store, target)
        finally:
            target.close()
    if as_json:
        answer(counts)
        return
    table(("table", "rows"), ((name, f"{rows:,}") for name, rows in counts.items()), right=(1,))
    say()
    say(f'Now write the new URL into {FILE_NAME}: [store] url = "..."')

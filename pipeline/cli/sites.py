"""`init` and `config`: a site's folder and its settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline import config
from pipeline.app import init_site
from pipeline.cli.root import Json, folder_of
from pipeline.cli.show import answer, say


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(init)
    app.command("config")(show_config)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to make the site.")],
    as_json: Json = False,
) -> None:
    """Make a site with a sample guide.

    The folder works on its own: settings, content, and templates from Partwork.
    """
    written = init_site(folder)
    if as_json:
        answer({"folder": folder, "files": written})
        return
    say(f"A site is in {folder}:")
    for path in written:
        say(f"  {path}")
    say()
    say("Next:")
    say(f"  1. look through {folder / config.FILE_NAME}: title, from, postal_address, base_url")
    say(f"  2. partwork --site {folder} subscriber add you@example.org")
    say(f"  3. partwork --site {folder} run --once    (or `run`, to stay)")


def show_config(context: typer.Context, as_json: Json = False) -> None:
    """Show every setting that is in force.

    Secrets are masked.
    """
    settings = config.load(folder_of(context))
    found = config.effective(settings)
    found["mail"]["transport"] = settings.transport
    if as_json:
        answer(found)
        return
    for section, values in found.items():
        say(f"[{section}]", "bold")
        for key, value in values.items():
            say(f"{key} = {_toml(value)}")
        say()


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case _:
            return str(value)

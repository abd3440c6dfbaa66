"""`dkim`: keys that messages are signed with, and the DNS records that verifiers look for."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline import config, dkim
from pipeline.app import new_key, signer
from pipeline.cli.root import Json, folder_of
from pipeline.cli.show import answer, say

group = typer.Typer(help="Sign mail here, where the relay does not.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="dkim")


@group.command()
def new(
    context: typer.Context,
    kind: Annotated[
        dkim.KeyKind, typer.Option(help="RSA is understood by everyone.")
    ] = dkim.KeyKind.RSA,
    selector: Annotated[str, typer.Option(help="The DNS label; a new one for a new key.")] = "s1",
    as_json: Json = False,
) -> None:
    """Make a private key, and say what to put into DNS and into the settings."""
    folder = folder_of(context)
    domain = config.load(folder).site.sender.rpartition("@")[2]
    path, key = new_key(folder, kind, selector)
    name, text = dkim.record(key, domain)
    file = path.relative_to(folder)
    prefix = "" if kind is dkim.KeyKind.RSA else "ed25519_"
    if as_json:
        answer({"file": str(file), "record": {"name": name, "type": "TXT", "text": text}})
        return
    say(f"A key is in {path}. Two steps are left:")
    say()
    say("1. Put this record into DNS, and wait until it can be seen:")
    say(f'   {name}. TXT "{text}"')
    say(f"2. Then write into {config.FILE_NAME}:")
    say("   [dkim]")
    say(f'   {prefix}selector = "{selector}"')
    say(f'   {prefix}key_file = "{file}"')


@group.command()
def record(context: typer.Context, as_json: Json = False) -> None:
    """Show the DNS records of the keys that are set."""
    folder = folder_of(context)
    found = signer(folder, config.load(folder))
    records = [dkim.record(key, found.domain) for key in found.keys] if found else []
    if as_json:
        answer([{"name": name, "type": "TXT", "text": text} for name, text in records])
        return
    for name, text in records:
        say(f'{name}. TXT "{text}"')
    if not records:
        say("No key is set, so nothing is signed here. `partwork dkim new` makes one.")

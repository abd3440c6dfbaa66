"""`token ...` and `webhook ...`: what an operator's programs may do, and what they are told."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline import jobs
from pipeline.app import new_webhook_secret, open_site
from pipeline.cli.root import Json, folder_of
from pipeline.cli.show import answer, say, table, when
from pipeline.model import ApiScope

tokens = typer.Typer(help="Make and revoke tokens of the API.", no_args_is_help=True)
webhooks = typer.Typer(help="Try the programs that are told what happens.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(tokens, name="token")
    app.add_typer(webhooks, name="webhook")


@tokens.command("new")
def new_token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for, such as `crm`.")],
    write: Annotated[
        bool, typer.Option("--write/--read-only", help="Whether it may change things.")
    ] = False,
    days: Annotated[int, typer.Option(help="How long it is good; 0: until revoked.")] = 0,
    as_json: Json = False,
) -> None:
    """Make a token, which is shown this once."""
    scope = ApiScope.WRITE if write else ApiScope.READ
    with open_site(folder_of(context)) as app:
        said = jobs.new_token(app.desk, name, scope, days, app.desk.clock())
        url = app.desk.site.url("api/subscribers")
    if as_json:
        answer({"name": name, "scope": scope, "token": said})
        return
    say(said, "bold")
    say()
    say("It is not kept and cannot be shown again. Try it:", "dim")
    say(f"curl -H 'Authorization: Bearer {said}' {url}", "dim")


@tokens.command("list")
def list_tokens(context: typer.Context, as_json: Json = False) -> None:
    """List the tokens; what is kept of them cannot be used."""
    with open_site(folder_of(context)) as app:
        found = jobs.tokens(app.desk)
        now, zone = app.desk.clock(), app.desk.site.zone
    if as_json:
        answer([asdict(one) for one in found])
        return
    table(
        ("name", "good for", "made", "ends"),
        (
            (
                one.name,
                "reading and writing" if one.scope is ApiScope.WRITE else "reading",
                when(one.created_at, zone),
                _end(one.expires_at, now, zone),
            )
            for one in found
        ),
    )
    if not found:
        say("None yet: partwork token new NAME")


def _end(at: datetime | None, now: datetime, zone: str) -> str:
    if at is None:
        return "when it is revoked"
    return when(at, zone) if now < at else f"{when(at, zone)}, over"


@tokens.command()
def revoke(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="As `token list` shows it.")],
    as_json: Json = False,
) -> None:
    """End a token at once."""
    with open_site(folder_of(context)) as app:
        jobs.revoke(app.desk, name)
    if as_json:
        answer({"name": name, "revoked": True})
    else:
        say(f"Revoked: {name}")


@webhooks.command()
def secret(
    file: Annotated[Path, typer.Argument(help="A new file, which only you can read.")],
    as_json: Json = False,
) -> None:
    """Make a secret, and show it: the program that is called needs it too."""
    said = new_webhook_secret(file)
    if as_json:
        answer({"file": str(file), "secret": said})
        return
    say(said, "bold")
    say(f"It stands in {file}; give it to the program that is called.", "dim")


@webhooks.command("test")
def try_webhook(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="As in the settings.")],
    as_json: Json = False,
) -> None:
    """Call a program with an event that says nothing, and show what it answers."""
    with open_site(folder_of(context)) as app:
        found = jobs.try_webhook(app.desk, name, app.desk.clock().astimezone(UTC))
    if as_json:
        answer({"name": name, "answer": found.said, "ok": found.is_taken})
    else:
        say(f"{name}: {found.said}", "green" if found.is_taken else "red")
    if not found.is_taken:
        raise typer.Exit(1)

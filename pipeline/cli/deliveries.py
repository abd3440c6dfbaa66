"""`delivery ...`: what became of messages, and what is decided about those nobody knows of."""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from pipeline import jobs, store
from pipeline.app import open_site
from pipeline.cli.root import PARTLY_DONE, Json, folder_of
from pipeline.cli.show import answer, complain, say, table, when
from pipeline.errors import FileError, UsageError
from pipeline.model import DeliveryState

group = typer.Typer(
    help="Send what is due, see what became of it, and decide what is uncertain.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="delivery")


@group.command()
def send(
    context: typer.Context,
    seconds: Annotated[
        float | None, typer.Option(help="Begin nothing any more after so many.", min=0)
    ] = None,
    as_json: Json = False,
) -> None:
    """Send what is due now, and do nothing else.

    May run beside the scheduler, and on several machines that share a PostgreSQL: no message is
    sent twice.
    """
    stopping = threading.Event()
    for which in (signal.SIGTERM, signal.SIGINT):
        signal.signal(which, lambda *_: stopping.set())
    with open_site(folder_of(context)) as app:
        limit = None if seconds is None else timedelta(seconds=seconds)
        desk = replace(app.desk, is_stopping=stopping.is_set, longest_pass=limit, helpers=0)
        report = jobs.deliver(desk, desk.clock())
        locked = jobs.lock(desk)
    if locked:
        report = replace(report, problems=(locked, *report.problems))
    if as_json:
        answer(asdict(report))
    else:
        told = ", ".join(f"{number} {state}" for state, number in sorted(report.states.items()))
        say(told or "Nothing is due.")
        for problem in report.problems:
            complain(problem)
    if report.problems:
        raise typer.Exit(PARTLY_DONE)


@group.command("list")
def list_all(
    context: typer.Context,
    state: Annotated[DeliveryState, typer.Option(help="Which ones.")] = DeliveryState.UNCERTAIN,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 100,
    as_json: Json = False,
) -> None:
    """List deliveries in a state: those that are uncertain, unless another is asked for."""
    with open_site(folder_of(context)) as app:
        with app.desk.store.read() as tx:
            rows = store.deliveries.in_state(tx, state, limit)
        zone = app.desk.site.zone
    if as_json:
        answer([dict(one) for one in rows])
        return
    if not rows:
        say(f"None is {state.value}.")
        return
    table(
        ("guide", "part", "address", "tries", "since", "said"),
        (
            (
                str(one["guide"]),
                str(one["number"]),
                str(one["address"]),
                str(one["attempts"]),
                when(one["since"], zone),
                str(one["reply"] or ""),
            )
            for one in rows
        ),
        right=(1, 3),
    )


@group.command()
def resolve(
    context: typer.Context,
    assume_sent: Annotated[bool, typer.Option("--assume-sent", help="Take them as sent.")] = False,
    resend: Annotated[
        bool, typer.Option("--resend", help="Send them again, under the same Message-ID.")
    ] = False,
    postfix_log: Annotated[
        Path | None,
        typer.Option("--postfix-log", metavar="FILE", help="Believe the log of the relay."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Decide about the messages of which nobody knows whether they arrived.

    With the log of a Postfix that has been the relay: those that it took are sent, the others go
    out again.
    """
    if assume_sent + resend + (postfix_log is not None) != 1:
        raise UsageError("one way to decide is needed", "--assume-sent, --resend or --postfix-log")
    with open_site(folder_of(context)) as app:
        decide: jobs.Decide = jobs.assume_sent if assume_sent else jobs.resend
        if postfix_log is not None:
            decide = jobs.by_postfix_log(app.desk, _lines(postfix_log))
        report = jobs.resolve(app.desk, decide, app.desk.clock())
    if as_json:
        answer(asdict(report))
        return
    say(f"{report.sent} taken as sent, {report.again} to be sent again")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise FileError(str(path), error.strerror or str(error), "name another file") from error


@group.command()
def why(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="Their mail address.")],
    guide: Annotated[str, typer.Argument(help="The guide's slug.")],
    issue: Annotated[int, typer.Argument(help="The part's number.")],
    as_json: Json = False,
) -> None:
    """Tell what became of one issue's message to one person."""
    with open_site(folder_of(context)) as app:
        report = jobs.story(app.desk, email, guide, issue)
        zone = app.desk.site.zone
    if as_json:
        answer(
            {
                "address": report.subscriber.address,
                "status": report.subscriber.status,
                "guide": guide,
                "issue": issue,
                "message_id": report.message_id,
                "state": report.state,
                "happenings": [asdict(one) for one in report.happenings],
                "verdict": report.verdict,
            }
        )
        return
    person = report.subscriber
    say(f"{person.address} ({person.status}): {report.issue.subject}", "bold")
    say(f"Message-ID {report.message_id}", "dim")
    say()
    table(("when", "what"), ((when(one.at, zone), one.what) for one in report.happenings))
    say()
    say(report.verdict)


@group.command()
def bounces(
    context: typer.Context,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read one message from standard input.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read what came back, from the mailboxes in the settings or from a mail server's pipe.

    Addresses that do not exist, and people who complain, are not mailed any more.
    """
    with open_site(folder_of(context)) as app:
        now = app.desk.clock()
        if stdin:
            report = jobs.learn(app.desk, [sys.stdin.buffer.read()], now)
        elif app.desk.inboxes:
            report = jobs.take_bounces(app.desk, now)
        else:
            todo = "set [bounces] maildir or imap_host, or use --stdin"
            raise UsageError("there is no mailbox to read", todo)
    if as_json:
        answer(asdict(report))
    else:
        told = ", ".join(f"{number} {kind}" for kind, number in report.kinds.items())
        say(f"{told or 'nothing new'}; {report.suppressed} not mailed any more")
        if report.ignored:
            say(f"{report.ignored} told of none of our messages", "dim")
        for problem in report.problems:
            complain(problem)
    if report.problems:
        raise typer.Exit(PARTLY_DONE)

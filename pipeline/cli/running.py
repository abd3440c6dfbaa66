"""`run` and `status`: what the scheduler does, and where things stand."""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import typer

from pipeline import jobs
from pipeline.app import App, open_site
from pipeline.cli.guides import held_line
from pipeline.cli.root import PARTLY_DONE, Json, Now, folder_of
from pipeline.cli.show import answer, diagnose, say, table, when
from pipeline.errors import UsageError
from pipeline.jobs import Account, StatusReport, TickReport
from pipeline.model import DeliveryState, Serial
from pipeline.store.webhooks import Standing

MOST_FOLDERS = 12
"""How many folders a summary names."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(run)
    app.command()(status)


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, and leave.")] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Release, publish and mail what is due.

    Without --once it stays: scheduler, sender and web server in one, until Ctrl-C.
    """
    folder = folder_of(context)
    if now is not None and not once:
        raise UsageError("--now stands still and needs --once", "add --once")
    if not once:
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "scheduler", "--site", str(folder)])  # noqa: S606 -- ourselves
    with open_site(folder, now) as app:
        report = jobs.tick(app.desk, app.desk.clock())
        if as_json:
            answer(tick_payload(report))
        else:
            print_tick(app, report)
    if report.is_partial:
        raise typer.Exit(PARTLY_DONE)


def tick_payload(report: TickReport) -> dict[str, Any]:
    """A pass as JSON."""
    return {
        "now": report.now,
        "released": [
            {
                "guide": one.issue.guide,
                "number": one.issue.number,
                "of": one.issue.of,
                "id": one.issue.id,
                "subject": one.issue.subject,
                "slot": one.issue.slot.key,
                "path": one.issue.path,
                "deliveries": one.deliveries,
            }
            for one in report.publishing.released
        ],
        "revised": [
            {"guide": one.issue.guide, "number": one.issue.number, "edit": one.edit}
            for one in report.publishing.revised
        ],
        "held": [asdict(one) for one in report.publishing.held],
        "written": report.published.written,
        "unchanged": report.published.unchanged,
        "deliveries": dict(report.delivering.states),
        "bounces": dict(report.came_back.kinds),
        "problems": _problems(report),
        "diagnostics": [asdict(one) for one in report.diagnostics],
        "next_at": report.next_at,
    }


def print_tick(app: App, report: TickReport) -> None:
    """A pass as a person enjoys reading it."""
    zone = app.desk.site.zone
    diagnose(one for one in report.diagnostics if one.severity == "error")
    say(f"{app.desk.site.title}  {when(report.now, zone)} {zone}", "bold")
    say()
    _print_released(report)
    for one in report.publishing.revised:
        issue = one.issue
        say(f"Revised    {issue.guide_title}, {issue.number} of {issue.of}: {one.edit} edit")
    _print_files(app, report)
    _print_mail(app, report)
    print_letters(report.letters)
    if report.came_back.kinds:
        told = ", ".join(f"{number} {kind}" for kind, number in report.came_back.kinds.items())
        say(f"Came back  {told}; {report.came_back.suppressed} not mailed any more")
    for held in report.publishing.held:
        say(held_line(held), "yellow")
    for problem in _problems(report):
        say(problem, "red")
    say()
    _print_coming(report.serials, zone)


def print_letters(report: jobs.LettersReport) -> None:
    """What became of letters, where there were any."""
    if report.sent:
        say(f"Letters    {report.sent} sent")
    if report.held:
        waits = f"{report.held} wait: more asked than [web] signups_an_hour allows"
        say(f"Letters    {waits}", "yellow")
    for problem in report.problems:
        say(problem, "red")


def _print_hook(one: Standing, waiting: int, zone: str) -> None:
    """How a program takes what it is told."""
    known = f"{waiting} events to tell" if waiting else "knows everything"
    lost = f", {one.skipped} given up" if one.skipped else ""
    colour = "yellow" if one.failing_since or one.skipped else ""
    since = (
        f"; fails since {when(one.failing_since, zone)}: {one.said}" if one.failing_since else ""
    )
    say(f"Webhook      {one.name}: {known}{lost}{since}", colour)


def _problems(report: TickReport) -> tuple[str, ...]:
    return (
        *([report.locked] if report.locked else []),
        *report.publishing.problems,
        *report.unheard,
        *report.untold,
        *report.came_back.problems,
        *report.delivering.problems,
    )


def _print_released(report: TickReport) -> None:
    if not report.publishing.released:
        say("Released   nothing is due")
        return
    for index, one in enumerate(report.publishing.released):
        label = "Released" if index == 0 else ""
        issue = one.issue
        title = f": {issue.subject}" if issue.subject != issue.guide_title else ""
        say(f"{label:<10} {issue.guide_title}, {issue.number} of {issue.of}{title}")
        if issue.related:
            also = "; ".join(f"{link.title} ({link.score:.2f})" for link in issue.related)
            say(f"{'':<10}   with {also}", "dim")


def _print_files(app: App, report: TickReport) -> None:
    written = report.published.written
    if not written:
        say(f"Published  {report.published.unchanged} files, all as they were")
        return
    say(f"Published  {len(written)} files in {_near(app.desk.feeds)}")
    folders: dict[str, list[str]] = {}
    for path in written:
        folder, _, name = path.partition("/")
        folders.setdefault(folder if name else "", []).append(name or folder)
    for folder, names in list(folders.items())[:MOST_FOLDERS]:
        shown = ", ".join(_shortened(names))
        say(f"{'':<10}   {folder + '/' if folder else ''}  {shown}".rstrip(), "dim")
    if len(folders) > MOST_FOLDERS:
        say(f"{'':<10}   and {len(folders) - MOST_FOLDERS} more folders", "dim")


def _shortened(names: list[str]) -> list[str]:
    """Files by name, and of each folder how many there are in it."""
    inside = Counter(name.partition("/")[0] for name in names if "/" in name)
    folders = [f"{one}/ ({count})" if count > 1 else f"{one}/" for one, count in inside.items()]
    return sorted([name for name in names if "/" not in name] + folders)


def _near(path: Any) -> str:
    """A path as short as it can be said from here."""
    short = os.path.relpath(path)
    return short if not short.startswith("..") else str(path)


def _print_mail(app: App, report: TickReport) -> None:
    states = report.delivering.states
    if not states:
        out = report.publishing.released
        is_alone = out and not any(one.deliveries for one in out)
        nobody = "nobody follows yet: partwork subscriber add ADDRESS"
        say(f"Mailed     {nobody if is_alone else 'nothing is due'}")
        return
    where = f"into {_near(app.outbox.folder)}" if app.outbox else "through the relay"
    told = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    say(f"Mailed     {told}, {where}")


def _print_coming(serials: tuple[Serial, ...], zone: str) -> None:
    dated = ((one.upcoming[0].due_at, one) for one in serials if one.upcoming)
    coming = sorted(
        ((at, one) for at, one in dated if at is not None),
        key=lambda pair: (pair[0], pair[1].front.slug),
    )
    rows = [
        (when(at, zone), one.front.title, _part(one), one.upcoming[0].title) for at, one in coming
    ]
    if rows:
        table(("Next", "guide", "part", "title"), rows)
        say(f"Times in {zone}. All that is to come: partwork plan", "dim")
    else:
        say("Nothing is to come: every part is out.")


def _part(serial: Serial) -> str:
    return f"{serial.upcoming[0].number} of {len(serial.parts)}"


def status(context: typer.Context, now: Now = None, as_json: Json = False) -> None:
    """Show where everything stands.

    Guides, issues with their deliveries by state, subscribers.
    """
    with open_site(folder_of(context), now) as app:
        report = jobs.status(app.desk, app.desk.clock())
        zone = app.desk.site.zone
    if as_json:
        answer(_status_payload(report))
        return
    table(
        ("released", "guide", "part", "title", "planned", "states"),
        (
            (
                when(one.issue.released_at, zone),
                one.issue.guide,
                f"{one.issue.number}/{one.issue.of}",
                one.issue.subject,
                str(one.planned),
                _standing(one),
            )
            for one in report.accounts
        ),
        right=(2, 4),
    )
    people = ", ".join(f"{number} {status}" for status, number in report.subscribers.items())
    say()
    say(f"Subscribers  {people or 'nobody yet'}")
    if report.signups:
        say(f"Signups      {report.signups} not confirmed yet")
    for hook, waiting in report.hooks:
        _print_hook(hook, waiting, zone)
    say(f"Next         {when(report.next_at, zone)} {zone}")
    for name, gate in report.left_alone.items():
        say(f"Left alone   {name} until {when(gate.until, zone)}: {gate.why}", "yellow")
    if report.locked:
        say(f"Locked       {report.locked}", "yellow")
    doubtful = sum(one.states.get(DeliveryState.UNCERTAIN, 0) for one in report.accounts)
    if doubtful:
        say(f"Uncertain    {doubtful} messages: see partwork delivery list", "yellow")


def _standing(one: Account) -> str:
    states = ", ".join(f"{number} {state}" for state, number in one.states.items())
    return f"{states}; paused: {one.paused}" if one.paused else states


def _status_payload(report: StatusReport) -> dict[str, Any]:
    return {
        "guides": [
            {
                "slug": one.front.slug,
                "title": one.front.title,
                "parts": len(one.parts),
                "released": one.done,
                "complete": one.is_complete,
                "next_at": one.upcoming[0].due_at if one.upcoming else None,
            }
            for one in report.serials
        ],
        "locked": report.locked,
        "signups": report.signups,
        "webhooks": [{**asdict(one), "waiting": count} for one, count in report.hooks],
        "issues": [
            {
                "id": one.issue.id,
                "guide": one.issue.guide,
                "number": one.issue.number,
                "subject": one.issue.subject,
                "slot": one.issue.slot.key,
                "released_at": one.issue.released_at,
                "path": one.issue.path,
                "planned": one.planned,
                "states": dict(one.states),
                "paused": one.paused,
            }
            for one in report.accounts
        ],
        "subscribers": dict(report.subscribers),
        "left_alone": {
            name: {"until": gate.until, "why": gate.why} for name, gate in report.left_alone.items()
        },
        "next_at": report.next_at,
    }

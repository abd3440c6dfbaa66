"""The daemon: scheduler, sender and web server in one process, until it is told to stop.

    python scheduler.py [--site DIR]

APScheduler only wakes us; what is due is decided by `pipeline.schedule` and the ledger, so that a
tick may come late, twice, or not at all for a while.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import uvicorn
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from pipeline import jobs
from pipeline.app import App, open_site
from pipeline.cli.running import print_letters, print_tick
from pipeline.cli.show import complain, going_on, say
from pipeline.errors import ConfigError, PartworkError, UsageError
from pipeline.web import create_app, listen

LONGEST_SLEEP = 30
"""Seconds between two ticks: how soon an edited guide or a new reader is noticed."""

TICK, LETTERS, HOOKS, BESIDE = "tick", "letters", "webhooks", 10
"""Letters go out and programs are told beside a pass, which may be sending a large issue."""

LONGEST_PASS = timedelta(seconds=60)
"""Of sending, after which it is looked again for what is to be released."""


class Daemon:
    """The ticks of one site."""

    def __init__(self, app: App) -> None:
        self._stopping = threading.Event()
        desk = replace(app.desk, is_stopping=self._stopping.is_set, longest_pass=LONGEST_PASS)
        self._app, self._has_rendered = replace(app, desk=desk), False
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(3)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def tick(self) -> jobs.TickReport:
        """Do what is due; all pages are rendered until that has succeeded once."""
        desk, everything = self._app.desk, not self._has_rendered
        self._has_rendered = False
        report = jobs.tick(desk, desk.clock(), render_all=everything)
        self._has_rendered = True
        return report

    def start(self) -> None:
        """Go on ticking in the background."""
        add = self._scheduler.add_job
        now = self._app.desk.clock()
        add(self._try, "interval", seconds=LONGEST_SLEEP, id=TICK, next_run_time=now)
        add(self._write, "interval", seconds=BESIDE, id=LETTERS)
        add(self._call, "interval", seconds=BESIDE, id=HOOKS)
        self._scheduler.start()

    def wake(self) -> None:
        """Look at once: somebody joined, or wants something now."""
        now = self._app.desk.clock()
        for name in (LETTERS, TICK, HOOKS):
            self._scheduler.modify_job(name, next_run_time=now)

    def close(self) -> None:
        """Let the message that is under way settle, and end."""
        self._stopping.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _write(self) -> None:
        with going_on():
            print_letters(jobs.send_letters(self._app.desk, self._app.desk.clock()))

    def _call(self) -> None:
        with going_on():
            for problem in jobs.call_webhooks(self._app.desk, self._app.desk.clock()).problems:
                complain(problem)

    def _try(self) -> None:
        with going_on():
            report = self.tick()
            if not report.is_idle:
                print_tick(self._app, report)
            self._look_again(report)

    def _look_again(self, report: jobs.TickReport) -> None:
        """Come back when something is due, if that is sooner than by itself."""
        now = self._app.desk.clock()
        soonest = now if report.delivering.is_unfinished else report.next_at
        if soonest is not None and now <= soonest < now + timedelta(seconds=LONGEST_SLEEP):
            self._scheduler.modify_job(TICK, next_run_time=soonest)


def serve(app: App) -> None:
    """Tick and serve until SIGINT or SIGTERM."""
    web = app.settings.web
    daemon = Daemon(app)
    asgi = create_app(app, daemon.wake)
    # uvicorn passes SIGINT on when it has stopped
    with listen(web.host, web.port) as door, closing(daemon), suppress(KeyboardInterrupt):
        print_tick(app, daemon.tick())
        say()
        say(f"Serving http://{web.host}:{web.port}/", "bold")
        if app.outbox:
            say(f"Outbox  http://{web.host}:{web.port}/outbox/")
        say("Ctrl-C ends it.", "dim")
        daemon.start()
        options = uvicorn.Config(asgi, log_level="warning", server_header=False)
        uvicorn.Server(options).run(sockets=[door])


def _leave(_signal: int, _frame: object) -> None:
    sys.exit(0)


def main() -> None:
    """Run the daemon for the site that the command line names."""
    parser = argparse.ArgumentParser(prog="scheduler.py", description="Release, mail and serve.")
    parser.add_argument("--site", type=Path, default=Path(), metavar="DIR")
    signal.signal(signal.SIGTERM, _leave)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a pass under way is no misfire
    try:
        with open_site(parser.parse_args().site.resolve()) as app:
            serve(app)
    except PartworkError as error:
        complain(str(error))
        sys.exit(2 if isinstance(error, ConfigError | UsageError) else 1)


if __name__ == "__main__":
    main()

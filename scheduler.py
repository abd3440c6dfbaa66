"""The daemon: scheduler, sender and web server in one process, until it is told to stop.

    python scheduler.py [--site DIR]

APScheduler only wakes us; what is due is decided by `pipeline.schedule` and the ledger, so that a
tick may come late, twice, or not at all for a while.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from pipeline import jobs
from pipeline.app import App, open_site
from pipeline.cli.running import print_tick
from pipeline.cli.show import complain, fault, say
from pipeline.errors import ConfigError, PartworkError, UsageError
from pipeline.web import create_app, listen

LONGEST_SLEEP = timedelta(seconds=30)
"""Between two ticks: how soon an edited guide or a new reader is noticed."""

LONGEST_PASS = timedelta(seconds=60)
"""Of sending, after which it is looked again for what is to be released."""


class NextDue(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires at the next instant at which something is due, and every half minute at least."""

    def __init__(self) -> None:
        self.due_at: datetime | None = None
        self.is_behind = False

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The moment of the next tick; APScheduler asks after each one."""
        if self.is_behind:
            return now
        latest = now + LONGEST_SLEEP
        if self.due_at is None or self.due_at <= now:
            return latest
        return min(self.due_at, latest)


class Daemon:
    """The ticks of one site."""

    def __init__(self, app: App) -> None:
        self._stopping = threading.Event()
        stop = self._stopping.is_set
        desk = replace(app.desk, is_stopping=stop, longest_pass=LONGEST_PASS)
        self._app = replace(app, desk=desk)
        self._trigger, self._has_rendered = NextDue(), False
        self._scheduler = BackgroundScheduler(
            timezone=UTC, executors={"default": ThreadPoolExecutor(1)}
        )

    def tick(self) -> jobs.TickReport:
        """Do what is due; all pages are rendered until that has succeeded once."""
        desk, everything = self._app.desk, not self._has_rendered
        self._has_rendered = False
        report = jobs.tick(desk, desk.clock(), render_all=everything)
        self._has_rendered, self._trigger.due_at = True, report.next_at
        self._trigger.is_behind = report.delivering.is_unfinished
        return report

    def first_tick(self) -> None:
        """Do what is due, and show it."""
        print_tick(self._app, self.tick())

    def start(self) -> None:
        """Go on ticking in the background."""
        self._scheduler.add_job(
            self._try, self._trigger, coalesce=True, max_instances=1, misfire_grace_time=None
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Let the message that is under way settle, and end."""
        self._stopping.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _try(self) -> None:
        try:
            report = self.tick()
        except Exception as error:  # the next tick tries again
            complain(str(error) if isinstance(error, PartworkError) else fault(error))
            return
        if not report.is_idle:
            print_tick(self._app, report)


def serve(app: App) -> None:
    """Tick and serve until SIGINT or SIGTERM."""
    web = app.settings.web
    daemon = Daemon(app)
    with listen(web.host, web.port) as door:
        try:
            daemon.first_tick()
            say()
            say(f"Serving http://{web.host}:{web.port}/", "bold")
            if app.outbox:
                say(f"Outbox  http://{web.host}:{web.port}/outbox/")
            say("Ctrl-C ends it.", "dim")
            daemon.start()
            options = uvicorn.Config(create_app(app), log_level="warning", server_header=False)
            uvicorn.Server(options).run(sockets=[door])
        except KeyboardInterrupt:  # uvicorn passes the signal on when it has stopped
            pass
        finally:
            daemon.stop()


def _leave(_signal: int, _frame: object) -> None:
    sys.exit(0)


def main() -> None:
    """Run the daemon for the site that the command line names."""
    parser = argparse.ArgumentParser(prog="scheduler.py", description="Release, mail and serve.")
    parser.add_argument("--site", type=Path, default=Path(), metavar="DIR")
    signal.signal(signal.SIGTERM, _leave)
    try:
        with open_site(parser.parse_args().site.resolve()) as app:
            serve(app)
    except PartworkError as error:
        complain(str(error))
        sys.exit(2 if isinstance(error, ConfigError | UsageError) else 1)


if __name__ == "__main__":
    main()

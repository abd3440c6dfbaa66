"""A site with an audience, a recording sink, and senders that are killed: what comes of it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline import store
from pipeline.app import App, open_site
from pipeline.delivery import Gate
from pipeline.jobs.due_catalogue import due_catalogue
from pipeline.jobs.publish_due import publish_due
from pipeline.jobs.resolve import by_postfix_log, resolve
from pipeline.model import Mode, Subscriber, SubscriberStatus
from pipeline.store.subscribers import Follow
from tests.crash.sender import Options, now, start
from tests.sites import SETTINGS, make_site, write_guide

SQLITE = "sqlite:///var/partwork.db"
MONDAY = "2026-03-09T09:05+01:00"


class Sink:
    """A recording mail server that runs."""

    def __init__(self, file: Path, port: int) -> None:
        self.file, self.port = file, port

    def lines(self) -> list[str]:
        """Its log."""
        return self.file.read_text().splitlines() if self.file.exists() else []

    def accepted(self) -> Counter[str]:
        """How often each address was served."""
        found = (line.partition("to=<")[2].partition(">")[0] for line in self.lines())
        return Counter(address for address in found if address)

    @property
    def size(self) -> int:
        """Bytes of its log: grows with every message."""
        return self.file.stat().st_size if self.file.exists() else 0


@contextmanager
def sink(file: Path, *options: str) -> Iterator[Sink]:
    """A sink that runs as long as this lasts."""
    command = [sys.executable, "-m", "tests.crash.sink", str(file), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- ours
    assert process.stdout is not None
    try:
        yield Sink(file, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@dataclass(frozen=True, slots=True)
class Site:
    """A site with one issue that is to go to everybody."""

    folder: Path
    audience: frozenset[str]

    def states(self) -> dict[str, int]:
        """The accounting of its issue."""
        with open_site(self.folder) as app, app.desk.store.read() as tx:
            (found,) = store.deliveries.accounts(tx).values()
        return found

    def resolve(self, server: Sink) -> None:
        """Decide what is uncertain by the sink's log."""
        with open_site(self.folder) as app:
            with app.desk.store.read() as tx:
                is_needed = bool(store.deliveries.uncertain(tx))
            if is_needed:
                resolve(app.desk, by_postfix_log(app.desk, server.lines()), now())

    def hurry(self) -> None:
        """Let what was deferred be due at once, and nobody be left alone any more."""
        with open_site(self.folder) as app, app.desk.store.write() as tx:
            store.throttles.save(tx, dict.fromkeys(store.throttles.gates(tx), Gate()))
            for issue_id in store.deliveries.accounts(tx):
                store.deliveries.pause(tx, issue_id, "")
                store.deliveries.resume(tx, issue_id, now())

    def finish(self, options: Options = Options()) -> None:  # noqa: B008 -- frozen
        """Deliver what is left, in a process that nobody kills."""
        process = start(self.folder, options)
        process.join()
        assert process.exitcode == 0


def settings(port: int, url: str) -> str:
    """The settings of a site whose relay is on this port, on this database."""
    return (
        f'{SETTINGS}\n[store]\nurl = "{url}"\n[smtp]\nhost = "127.0.0.1"\nport = {port}\n'
        '[[destinations]]\nname = "big"\ndomains = ["big.example.org"]\n'
    )


def build(folder: Path, port: int, people: int, url: str = SQLITE, *, paragraphs: int = 4) -> Site:
    """A site whose first issue is planned for so many people, and has not begun to go out."""
    make_site(folder, settings(port, url))
    write_guide(folder, paragraphs=paragraphs)
    audience = [f"u{n}@{'big' if n % 3 else f'd{n % 50}'}.example.org" for n in range(people)]
    with open_site(folder, MONDAY) as app:
        _subscribe(app, audience)
        at = app.desk.clock()
        report = publish_due(app.desk, due_catalogue(app.desk, at), at)
    assert [one.deliveries for one in report.released] == [people]
    return Site(folder, frozenset(audience))


def _subscribe(app: App, audience: list[str]) -> None:
    at = app.desk.clock()
    with app.desk.store.write() as tx:
        for address in audience:
            person = Subscriber(0, address, SubscriberStatus.ACTIVE, at, consent_at=at)
            found, _ = store.subscribers.put(tx, person)
            store.subscribers.follow(tx, found, Follow("water", Mode.LIVE))


def kill_often(site: Site, server: Sink, kills: int, options: Options, seed: int) -> int:
    """Kill senders at random moments of their work; returns how many kills there were."""
    chance = random.Random(seed)  # noqa: S311 -- no secret
    done = 0
    while done < kills:
        before, process = server.size, start(site.folder, options)
        while process.is_alive() and server.size == before:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.1))
        if not process.is_alive():
            break
        process.kill()
        process.join()
        done += 1
    return done

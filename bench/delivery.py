"""What sending costs: messages a second and memory, beside others, into the same servers.

`make bench-delivery` prints tables of rates and of sizes. Rates are of whole runs in turn, the
median of some; beside it the median of how a run compares with the peer's of the same round, for
the speed of a shared machine changes within minutes. Ours with ledger and journal; smtp-source, the
load generator in C that comes with Postfix, which keeps no account of anything; django-newsletter;
nodemailer with a pool of connections, where npm is. Into Postfix smtp-source also sends as a list
wants it, to another address with each message (`-N`): Postfix looks up where each new address
leads, and remembers the last one only; and then a message of ours in place of its own lines of X.

The sender is a process of its own, as `partwork delivery send` is; it finds the issue compiled.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

from sqlalchemy import text

from pipeline.app import open_site
from pipeline.jobs.addressing import address
from pipeline.jobs.deliver import prepare
from pipeline.jobs.due_catalogue import due_catalogue
from pipeline.jobs.publish_due import publish_due
from pipeline.model import Delivery, DeliveryState
from tests import postgres
from tests.crash.harness import MONDAY, SQLITE, settings, sink
from tests.ports import free_port
from tests.sites import make_site, write_guide

MOST, PEOPLE, SOME, FEW = 1_000_000, 40_000, 10_000, 1_500
PARAGRAPHS = 44
"""Make a message of 30,000 octets and a few more."""
OCTETS = 30_000
CONNECTIONS = 10
ROUNDS = 5
HERE = Path(__file__).parents[1]


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Postfix's sink: it takes everything and keeps nothing."""
    port = free_port()
    command = ["smtp-sink", *(["-u", "nobody"] if os.geteuid() == 0 else []), "-c"]
    with subprocess.Popen(  # noqa: S603 -- ours
        [*command, f"127.0.0.1:{port}", "1000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        time.sleep(0.5)
        try:
            yield port
        finally:
            process.kill()


@contextmanager
def postfix() -> Iterator[int]:
    """A real Postfix that queues what it takes, and discards it."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="pw-postfix-"))
    folder.chmod(0o755)
    config = folder / "etc"
    shutil.copytree("/etc/postfix", config, symlinks=True)
    main = [
        "compatibility_level = 3.6", f"queue_directory = {folder}/spool",
        f"data_directory = {folder}/data", "mail_owner = postfix", "setgid_group = postdrop",
        "inet_interfaces = loopback-only", "mynetworks = 127.0.0.0/8",
        "myhostname = bench.example.org",
        "default_transport = discard:", "local_transport = discard:", "mydestination =",
        "smtpd_client_connection_count_limit = 0", "default_process_limit = 100",
    ]  # fmt: skip
    (config / "main.cf").write_text("\n".join([*main, ""]))
    master = re.sub(
        r"^smtp +inet.*$", f"127.0.0.1:{port} inet n - n - - smtpd",
        (config / "master.cf").read_text(), flags=re.MULTILINE,
    )  # fmt: skip
    (config / "master.cf").write_text(master)
    (folder / "data").mkdir()
    (folder / "spool").mkdir()
    shutil.chown(folder / "data", "postfix")
    control = ["postfix", "-c", str(config)]
    subprocess.run([*control, "start"], check=True, capture_output=True)  # noqa: S603 -- ours
    time.sleep(1)
    try:
        yield port
    finally:
        subprocess.run([*control, "stop"], check=False, capture_output=True)  # noqa: S603 -- ours
        shutil.rmtree(folder, ignore_errors=True)


def ours(port: int, people: int = PEOPLE, url: str = SQLITE, *, processes: int = 1) -> float:
    """Messages a second of a sender of its own, ledger and journal on."""
    more = f"port = {port}\nconnections = {CONNECTIONS}\nmessages = 500"
    said = settings(port, url).replace(f"port = {port}", more)
    with planned(f"{said}[delivery]\nprocesses = {processes}\n", people) as (at, _):
        seconds, _, sent = _sender(at)
    _check(sent == people, f"{sent} of {people} sent")
    return people / seconds


def ours_on(server: str, port: int) -> float:
    """The same, on a new database of this PostgreSQL."""
    with postgres.database(server) as url:
        return ours(port, PEOPLE, url)


@contextmanager
def planned(said: str, people: int) -> Iterator[tuple[Path, float]]:
    """A site with these settings whose first issue is released, and the seconds that took."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder) / "site"
        make_site(at, said)
        write_guide(at, paragraphs=PARAGRAPHS)
        yield at, _plan(at, people)


def _sender(folder: Path, seconds: float = 0.0) -> tuple[float, float, int]:
    command = [sys.executable, "-m", "bench.sender", str(folder), str(seconds)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True)  # noqa: S603 -- ours
    took, memory, sent = json.loads(done.stdout)
    return float(took), float(memory), int(sent)


def sample(file: Path) -> int:
    """Write one of our messages to a file, as smtp-source wants it; returns its octets."""
    with planned(settings(1, SQLITE), 1) as (at, _), open_site(at, MONDAY) as app:
        compiled, _ = prepare(app.desk, app.desk.clock())
        ((issue_id, _), one) = next(iter(compiled.items()))
        reader = Delivery(issue_id, 1, DeliveryState.LEASED, 1, "u1@d1.example.org")
        body = address(app.desk, one, reader).body
    file.write_bytes(body.replace(b"\r\n", b"\n"))
    return len(body)


def smtp_source(
    port: int, people: int, file: Path | None = None, *, is_list: bool = False
) -> float:
    """Messages a second of Postfix's load generator.

    Args:
        port: Of the server.
        people: How many messages.
        file: The message; its own if none is given.
        is_list: Whether each goes to an address of its own, not all to one.
    """
    what = ["-l", str(OCTETS)] if file is None else ["-F", str(file)]
    what += ["-N"] if is_list else []
    command = ["smtp-source", "-d", "-s", str(CONNECTIONS), *what, "-m", str(people)]
    command += ["-f", "a@example.org", "-t", "b@example.org", f"127.0.0.1:{port}"]
    began = time.perf_counter()
    subprocess.run(command, check=True)  # noqa: S603 -- ours
    return people / (time.perf_counter() - began)


def django_newsletter(port: int, people: int) -> float:
    """Messages a second of its own command, in its own process."""
    command = [sys.executable, "-m", "bench.peer_newsletter", str(port), str(people), str(OCTETS)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True)  # noqa: S603 -- ours
    return people / float(done.stdout.splitlines()[-1])


def newsletter_killed(people: int = 500) -> str:
    """What becomes of django-newsletter's list when it is killed, run again, and set right."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "db"
        with sink(Path(folder) / "sink") as server:
            command = [sys.executable, "-m", "bench.peer_newsletter", str(server.port)]
            command += [str(people), "3000", str(database)]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": HERE}
            process = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]  # noqa: S603 -- ours
            while len(server.accepted()) < people // 5:
                time.sleep(0.01)
            process.kill()
            process.wait()
            subprocess.run([*command, "again"], check=True, **quiet)  # type: ignore[call-overload]  # noqa: S603 -- ours
            lost = people - len(server.accepted())
            with closing(sqlite3.connect(database)) as raw, raw:
                raw.execute("UPDATE newsletter_submission SET sending = 0")
            subprocess.run([*command, "again"], check=True, **quiet)  # type: ignore[call-overload]  # noqa: S603 -- ours
            twice = sum(count - 1 for count in server.accepted().values())
    return f"{lost} of {people} get nothing; set right by hand, {twice} get it twice"


NODEMAILER = """
const nodemailer = require('nodemailer');
const [port, people, octets, connections] = process.argv.slice(2).map(Number);
const pool = nodemailer.createTransport({host: '127.0.0.1', port, pool: true, ignoreTLS: true,
  maxConnections: connections, maxMessages: 500});
const text = 'x'.repeat(70).concat('\\n').repeat(Math.floor(octets / 142));
const began = process.hrtime.bigint();
Promise.all(Array.from({length: people}, (_, n) => pool.sendMail({from: 'a@example.org',
  to: `u${n}@example.org`, subject: 'A part', text, html: `<p>${text}</p>`}))).then(() => {
  console.log(Number(process.hrtime.bigint() - began) / 1e9);
  pool.close();
});
"""


def nodemailer(port: int, people: int) -> float | None:
    """Messages a second of a pool; None where npm is not."""
    if shutil.which("npm") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "nodemailer"]
        subprocess.run(install, cwd=folder, check=True, capture_output=True)  # noqa: S603 -- ours
        (Path(folder) / "send.js").write_text(NODEMAILER)
        command = ["node", "send.js", str(port), str(people), str(OCTETS), str(CONNECTIONS)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603 -- ours
    return people / float(done.stdout)


def rates() -> None:
    """What goes out in a second, into the sink and into Postfix."""
    source, alike = "smtp-source -d", "and a message of ours"
    with smtp_sink() as port:
        _say(f"{OCTETS:,} octets into smtp-sink, {CONNECTIONS} connections, messages a second")
        found = _in_turn({source: lambda: smtp_source(port, PEOPLE), "ours": lambda: ours(port)})
        found["ours, 2 processes"] = [ours(port, processes=2)]
        found["django-newsletter"] = [django_newsletter(port, FEW)]
        found["nodemailer, pool"] = [nodemailer(port, FEW) or 0.0]
        _table(found, source)
        with postgres.server() as server:
            _say("\nthe same with PostgreSQL on the same machine")
            with_it = {
                source: lambda: smtp_source(port, PEOPLE),
                "ours": lambda: ours_on(server, port),
            }
            _table(_in_turn(with_it), source)
        _say(f"\ndjango-newsletter after kill -9 and another run: {newsletter_killed()}")
    with postfix() as port, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "message"
        octets = sample(file)
        _check(OCTETS <= octets < 1.02 * OCTETS, f"a message of ours has {octets:,} octets")
        _say(f"\n{OCTETS:,} octets into Postfix, which discards them, messages a second")
        found = _in_turn(
            {
                source: lambda: smtp_source(port, SOME),
                "to a list (-N)": lambda: smtp_source(port, SOME, is_list=True),
                alike: lambda: smtp_source(port, SOME, file, is_list=True),
                "ours": lambda: ours(port, SOME),
            }
        )
        _table(found, source)
        ratio = _beside(found["ours"], found[alike])
        medians = median(found["ours"]) / median(found[alike])
        _say(
            f"ours beside smtp-source with the same list and message: {ratio:.2f} x by rounds, "
            f"{medians:.2f} x by medians"
        )


def _in_turn(peers: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """The rates of some peers that run one after the other, a round after the other."""
    took: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(ROUNDS):
        for name, rate in peers.items():
            took[name].append(rate())
    return took


def _beside(those: list[float], base: list[float]) -> float:
    """How some rates compare with others: round by round if both have as many."""
    if len(those) != len(base):
        return median(those) / median(base)
    return median(one / other for one, other in zip(those, base, strict=True))


def _table(found: Mapping[str, list[float]], base: str) -> None:
    for name, those in found.items():
        rate = median(those)
        shown = f"{rate:>8,.0f} {_beside(those, found[base]):>7.2f} x" if rate else f"{'-':>8}"
        _say(f"{name:<24} {shown}")


def sizes() -> None:
    """What an issue costs by its audience."""
    _say("\npeople      planned in   memory of a sender")
    for people in (1_000, 100_000, MOST):
        with smtp_sink() as port, planned(settings(port, SQLITE), people) as (at, seconds):
            _, memory, _ = _sender(at, 10.0)
        _say(f"{people:>9,} {seconds:>10.2f} s {memory:>14.0f} MiB")
    with (
        postgres.server() as server,
        postgres.database(server) as url,
        planned(settings(1, url), MOST) as (_, seconds),
    ):
        _say(f"{MOST:>9,} {seconds:>10.2f} s  on PostgreSQL")


def _plan(folder: Path, people: int) -> float:
    """Seconds to release an issue to so many; the subscribers are written by one statement."""
    with open_site(folder, MONDAY) as app:
        with app.desk.store.write() as tx:
            tx.execute(text(_PEOPLE.format(people)))
            tx.execute(text(_FOLLOWING))
        at = app.desk.clock()
        catalogue = due_catalogue(app.desk, at)
        began = time.perf_counter()
        report = publish_due(app.desk, catalogue, at)
        took = time.perf_counter() - began
        prepare(app.desk, at)
    _check([one.deliveries for one in report.released] == [people], "not all were planned")
    return took


_PEOPLE = """INSERT INTO subscriber (address, address_key, domain, zone, status, created_at)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
    SELECT 'u' || i || '@d' || (i % 50) || '.example.org', 'u' || i || '@d' || (i % 50)
    || '.example.org', 'd' || (i % 50) || '.example.org', '', 'active', '2026-03-01' FROM n"""
_FOLLOWING = """INSERT INTO subscription (subscriber_id, guide, mode)
    SELECT id, 'water', 'live' FROM subscriber"""


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise SystemExit(what)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- what it is for


def main() -> None:
    """Print the tables."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    rates()
    sizes()


if __name__ == "__main__":
    main()

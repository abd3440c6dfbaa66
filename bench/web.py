"""What the web costs: pages, feeds and forms a second, from a server that has one core.

`make bench-web` prints a table. The server is the product's own, as the daemon runs it; the one
that asks has another core, keeps its connections, and sends what browsers and feed readers send.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from pipeline import jobs, token
from pipeline.app import open_site
from pipeline.jobs import Wish
from pipeline.web import create_app
from tests.ports import free_port
from tests.sites import make_site, write_guide

CONNECTIONS, SECONDS = 16, 3.0
ROOT = Path(__file__).parents[1]
SETTINGS = """
[site]
title = "Serials"
base_url = "http://127.0.0.1:{port}"
from = "parts@example.org"
postal_address = "1 Example Street"
[web]
burst = 0
port = {port}
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of request."""

    name: str
    path: str
    headers: str = ""
    status: int = 200


def made(folder: Path, port: int) -> Path:
    """A site with a guide of twenty parts of usual length, all of them out, and a reader."""
    site = make_site(folder / "site", SETTINGS.format(port=port))
    write_guide(site, parts=20, paragraphs=40, front='cadence: "daily"\nstart: 2020-01-01\n')
    with (site / "partwork.toml").open("a", encoding="utf-8") as more:
        more.write('[smtp]\nhost = "127.0.0.1"\nport = 9\n')  # else the front page shows the outbox
        more.write('[schedule]\ncatch_up = "all"\nmax_late_days = 3650\n')
    with open_site(site) as app:
        jobs.tick(app.desk, datetime(2026, 3, 9, 9, tzinfo=UTC))
        jobs.subscribe(app.desk, Wish("reader@example.org"), app.desk.clock())
    return site


def serve(folder: str) -> None:
    """Serve the site of a folder from one core, until killed."""
    os.sched_setaffinity(0, {0})
    with open_site(Path(folder)) as app:
        web = create_app(replace(app, desk=app.desk))
        uvicorn.run(web, port=app.settings.web.port, log_level="error", server_header=False)


async def ask(port: int, asked: Asked, until: float) -> tuple[int, list[float]]:
    """How many answers one connection got, and how long each took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {asked.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{asked.headers}\r\n"
    took = []
    while (began := time.perf_counter()) < until:
        writer.write(request.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        if status != asked.status:
            raise SystemExit(f"{asked.path}: {status}")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        if status != NOT_MODIFIED and length:
            await reader.readexactly(length)
        took.append(time.perf_counter() - began)
    writer.close()
    return len(took), took


NOT_MODIFIED = 304


async def rate(port: int, asked: Asked) -> tuple[float, float]:
    """Answers a second, and the milliseconds in which 99 of 100 came."""
    until = time.perf_counter() + SECONDS
    found = await asyncio.gather(*(ask(port, asked, until) for _ in range(CONNECTIONS)))
    took = sorted(each for _, times in found for each in times)
    return len(took) / SECONDS, took[int(len(took) * 0.99)] * 1e3


async def validator(port: int, path: str) -> str:
    """The fields with which a reader asks whether something is new."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    known = {name.lower(): value for name, value in fields.items()}
    return f"If-None-Match: {known['etag']}\r\nIf-Modified-Since: {known['last-modified']}\r\n"


async def main() -> None:
    """Print the table."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        site = made(Path(folder), port)
        with open_site(site) as app:
            mine = f"/u/me/{token.preferences(1, keys=app.desk.keys)}"
        os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
        command = [sys.executable, "-m", "bench.web", str(site)]
        server = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 -- ourselves
        try:
            await _up(port)
            issue = "/water/7-all-about-islands-6/"
            feed, known = "/water/rss.xml", await validator(port, "/water/rss.xml")
            kinds = [
                Asked("front page", "/"),
                Asked("guide", "/water/"),
                Asked("issue", issue),
                Asked("feed (RSS)", feed),
                Asked("feed, compressed", "/water/atom.xml", "Accept-Encoding: gzip\r\n"),
                Asked("feed, not new (304)", feed, known, 304),
                Asked("issue, not new (304)", issue, await validator(port, issue), 304),
                Asked("search", "/search/?q=rivers"),
                Asked("form for joining", "/join/water/"),
                Asked("preferences", mine),
            ]
            _say(f"{'':24}{'a second':>10}{'99 of 100 within':>20}")
            for kind in kinds:
                await rate(port, replace(kind))
                many, slow = await rate(port, kind)
                _say(f"{kind.name:24}{many:>10,.0f}{slow:>17.1f} ms")
        finally:
            server.kill()
            server.wait()


async def _up(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1])
    else:
        asyncio.run(main())

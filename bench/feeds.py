"""What feeds cost, beside what others take for the same pages.

`make bench-feeds` prints three tables: building a feed of 20 entries, beside Django's feed
generator; answering a reader that has everything (304); and one edit among many parts, beside a
build of the same pages by Hugo. `--parts` says how many; the first build of 10,000 takes minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed

from bench.memory import peak
from pipeline import feed, jobs, store
from pipeline.app import open_site
from pipeline.jobs.channels import channels
from pipeline.model import Feed, FeedFormat
from pipeline.web import create_app

WHEN = "2026-02-18T10:00"
EACH = 50
"""Parts of a guide."""
MOST = 20
"""Entries of a current feed that no archive holds yet."""
TIMES = 20
REQUESTS = 2000

SETTINGS = """
[site]
title = "Bench"
base_url = "https://bench.example.org"
from = "bench@example.org"
postal_address = "1 Example Street"
[schedule]
catch_up = "all"
max_late_days = 3650
[web]
burst = 0
"""


def words(seed: int, many: int) -> str:
    """So many words, the same each time."""
    names = [f"w{(seed * 7919 + n * n * 31) % 9973:x}" for n in range(many)]
    return " ".join(names)


def make_site(folder: Path, parts: int) -> None:
    """A site with guides of 50 parts of some 120 words."""
    (folder / "content").mkdir(parents=True)
    (folder / "partwork.toml").write_text(SETTINGS, "utf-8")
    for number in range(parts // EACH):
        sections = "".join(
            f"\n## {words(number * 100 + n, 4)}\n\n"
            + "".join(f"{words(number * 1000 + n * 10 + p, 40)}\n\n" for p in range(3))
            for n in range(EACH)
        )
        head = f"---\ntitle: Guide {number}\nslug: g{number}\nstart: 2025-12-01\ntags: [one]\n"
        text = f"{head}cadence: daily 09:00\n---\n{sections}"
        (folder / f"content/g{number}.md").write_text(text, "utf-8")


def hugo_site(folder: Path, parts: int) -> None:
    """The same pages for Hugo, with a layout that shows a title and the text."""
    layouts = folder / "layouts/_default"
    layouts.mkdir(parents=True)
    for name in ("single", "list"):
        (layouts / f"{name}.html").write_text("<h1>{{ .Title }}</h1>{{ .Content }}", "utf-8")
    (folder / "hugo.toml").write_text('baseURL = "https://bench.example.org"\n', "utf-8")
    for number in range(parts // EACH):
        section = folder / f"content/g{number}"
        section.mkdir(parents=True)
        for n in range(EACH):
            head = f"---\ntitle: Part {n}\ndate: 2026-01-01\ntags: [one]\n---\n"
            text = "".join(f"{words(number * 1000 + n * 10 + p, 40)}\n\n" for p in range(3))
            (section / f"{n}.md").write_text(head + text, "utf-8")


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of CPU that it takes, at best."""
    best = float("inf")
    for _ in range(TIMES):
        before = time.process_time()
        work()
        best = min(best, time.process_time() - before)
    return best * 1000


def django_feed(document: Feed, kind: type[Rss201rev2Feed | Atom1Feed]) -> str:
    """The same entries by Django; it has no related links, archives or languages of entries."""
    made = kind(
        document.title, document.page_url, document.subtitle,
        feed_url=document.url(FeedFormat.ATOM), author_name=document.author,
    )  # fmt: skip
    for one in document.entries:
        made.add_item(
            one.title, one.url, one.html, unique_id=one.id, pubdate=one.published_at,
            updateddate=one.updated_at, author_name=one.author, categories=one.tags,
        )  # fmt: skip
    return str(made.writeString("utf-8"))


def builds(site: Path) -> Iterator[str]:
    """Rows on building a feed of 20 entries: composing them, and each format."""
    with open_site(site, WHEN) as app, app.desk.store.read() as tx:
        whole = channels(tx, app.desk)[0]
        shown = whole.issues[-MOST:]
        known = store.issues.by_ids(tx, [one.id for one in shown])
        channel = replace(whole, issues=shown, archives=())
        document = feed.current_feed(channel, known, app.desk.site)
        assert len(document.entries) == MOST  # noqa: S101
        took = timed(lambda: feed.current_feed(channel, known, app.desk.site))
        yield f"{'composing 20 entries':38} {took:7.1f} ms"
    for kind in FeedFormat:
        yield f"{kind.title:38} {timed(partial(feed.render, document, kind)):7.1f} ms"
    settings.configure(USE_I18N=False)
    for name, peer in (("RSS, Django", Rss201rev2Feed), ("Atom, Django", Atom1Feed)):
        yield f"{name:38} {timed(partial(django_feed, document, peer)):7.1f} ms"


def not_modified(site: Path) -> str:
    """A row on answering a reader that has everything."""
    with open_site(site, WHEN) as app:
        web = create_app(app)
        headers = [(b"host", b"bench.example.org"), (b"accept-encoding", b"gzip")]
        statuses: list[int] = []
        tags: list[bytes] = []

        async def ask() -> None:
            async def receive() -> dict[str, object]:
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message: object) -> None:
                assert isinstance(message, dict)  # noqa: S101 -- what ASGI says
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])
                    tags.extend(value for name, value in message["headers"] if name == b"etag")

            scope = {
                "type": "http", "http_version": "1.1", "method": "GET", "path": "/g0/atom.xml",
                "raw_path": b"/g0/atom.xml", "root_path": "", "scheme": "https",
                "query_string": b"", "headers": headers, "client": ("127.0.0.1", 1),
                "server": ("bench.example.org", 443), "asgi": {"version": "3.0"},
            }  # fmt: skip
            await web(scope, receive, send)

        async def ask_often() -> float:
            await ask()
            headers.append((b"if-none-match", tags[0]))
            before = time.process_time()
            for _ in range(REQUESTS):
                await ask()
            return (time.process_time() - before) / REQUESTS

        each = asyncio.run(ask_often())
        assert set(statuses[1:]) == {304}  # noqa: S101
        return f"{'a 304, in process':38} {each * 1000:7.2f} ms, {1 / each:,.0f} a second"


def edits(site: Path) -> tuple[float, float]:
    """Seconds that a tick takes after an edit of one part, the best of three; MiB at most."""
    with open_site(site, WHEN) as app:
        now, best = app.desk.clock(), float("inf")
        jobs.tick(app.desk, now)
        for number, path in enumerate(sorted((site / "content").glob("*.md"))[:3]):
            said = path.read_text("utf-8")
            path.write_text(re.sub(r"(\n## .*\n\n)", r"\1Edited now. ", said, count=1), "utf-8")
            before = time.perf_counter()
            report = jobs.tick(app.desk, now + timedelta(minutes=number), render_all=False)
            best = min(best, time.perf_counter() - before)
            assert len(report.publishing.revised) == 1  # noqa: S101
    return best, peak()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=int, default=10_000, help="how many; 10,000 unless told")
    parser.add_argument("--edits", type=Path, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.edits:
        _say(json.dumps(edits(said.edits)))
        return
    folder = Path(tempfile.mkdtemp())
    try:
        _tables(folder, said.parts)
    finally:
        shutil.rmtree(folder)


def _tables(folder: Path, parts: int) -> None:
    site = folder / "site"
    make_site(site, parts)
    before = time.perf_counter()
    for at in ("2025-12-01T10:00", WHEN):
        with open_site(site, at) as app:
            jobs.tick(app.desk, app.desk.clock())
    first = time.perf_counter() - before
    for row in builds(site):
        _say(row)
    _say(not_modified(site))
    words = [sys.executable, "-m", "bench.feeds", "--edits", str(site)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603 -- ourselves
    seconds, memory = json.loads(done.stdout)
    _say(f"\n{f'one edit among {parts:,} parts':38} {seconds:7.2f} s {memory:7.0f} MiB")
    _say(f"{'the first build of all':38} {first:7.1f} s")
    hugo = folder / "hugo"
    hugo_site(hugo, parts)
    before, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    program = Path(sys.executable).with_name("hugo")
    subprocess.run([program, "--quiet", "--source", hugo], check=True)  # noqa: S603 -- a peer
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    took = time.perf_counter() - before
    _say(f"{'Hugo, which builds all of them anew':38} {took:7.2f} s ({cpu:.1f} s of CPU)")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()

"""A site that is really served on loopback, with a clock that tests turn."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline import jobs
from pipeline.app import App, open_site
from pipeline.web import create_app
from tests.sites import SETTINGS, make_site

LATE = '\n[schedule]\ncatch_up = "all"\nmax_late_days = 365\n'


@dataclass
class Served:
    """A site that answers at `url`; what it was asked stands in `log`."""

    site: Path
    port: int
    app: App
    now: datetime
    log: list[tuple[str, int]] = field(default_factory=list)
    """Path and status of each request for a feed."""

    @property
    def url(self) -> str:
        """Its base URL, with a slash at the end."""
        return f"http://127.0.0.1:{self.port}/"

    def tick(self, at: str) -> jobs.TickReport:
        """Turn the clock, and do what is due then."""
        self.now = datetime.fromisoformat(at).astimezone(UTC)
        return jobs.tick(self.app.desk, self.now)

    def asked(self) -> list[tuple[str, int]]:
        """What was asked since this was called last."""
        found = list(self.log)
        self.log.clear()
        return found


@contextmanager
def serve(folder: Path, at: str, settings: str = "", *, web: str = "burst = 0") -> Iterator[Served]:
    """A site, served while this lasts.

    Args:
        folder: Where to make it.
        at: What its clock shows at first; with an offset.
        settings: More of them.
        web: Lines of its `[web]` section.
    """
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        said = SETTINGS.replace("https://news.example.org", f"http://127.0.0.1:{port}")
        site = make_site(folder, f"{said}\n{settings}\n[web]\n{web}\n")
        with open_site(site) as opened:
            clock = datetime.fromisoformat(at).astimezone(UTC)
            served = Served(site, port, opened, clock)
            served.app = replace(opened, desk=replace(opened.desk, clock=lambda: served.now))
            options = uvicorn.Config(_logged(create_app(served.app), served), log_level="warning")
            server = uvicorn.Server(options)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
            thread.start()
            try:
                yield served
            finally:
                server.should_exit = True
                thread.join()


def _logged(web: ASGIApp, served: Served) -> ASGIApp:
    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            path = scope.get("path", "")
            if message["type"] == "http.response.start" and path.endswith((".xml", ".json")):
                served.log.append((path, message["status"]))
            await send(message)

        await web(scope, receive, noted)

    return logged

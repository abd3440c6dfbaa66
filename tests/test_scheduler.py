"""scheduler.py: the daemon as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.sites import make_site, numbers, outbox, run_once, write_guide

ROOT = Path(__file__).parents[1]


def start(site: Path, port: int) -> subprocess.Popen[str]:
    """The daemon of a site."""
    return subprocess.Popen(  # noqa: S603 -- ourselves
        [sys.executable, "-m", "scheduler", "--site", str(site)],
        cwd=ROOT,
        env={**os.environ, "PARTWORK_WEB__PORT": str(port), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def fetch(port: int, path: str = "/", seconds: float = 20) -> str:
    """A page of the daemon, once it answers."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                found: str = answer.read().decode()
                return found
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_releases_serves_and_leaves_in_peace(tmp_path: Path, signum: signal.Signals) -> None:
    """It does what is due, serves it, and ends within ten seconds of being told to, in words."""
    site = make_site(tmp_path / "site")
    write_guide(site, front='cadence: "weekly mon 09:00"\nstart: first-run\n')
    port = free_port()
    daemon = start(site, port)
    try:
        assert "All about rivers 0" in fetch(port)
        daemon.send_signal(signum)
        said, _ = daemon.communicate(timeout=10)
    finally:
        daemon.kill()
        daemon.wait()
    assert "Serving http://127.0.0.1" in said
    assert "Traceback" not in said


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """A port in use is one line with the setting's name, before anything is released."""
    site = make_site(tmp_path / "site")
    write_guide(site)
    with socket.create_server(("127.0.0.1", 0)) as door:
        daemon = start(site, door.getsockname()[1])
        said, _ = daemon.communicate(timeout=20)
    assert daemon.returncode == 2
    assert "PARTWORK_WEB__PORT" in said
    assert "Traceback" not in said
    assert not (site / "feeds/water").exists()


def test_killed_at_any_moment_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Kill -9 while it works, then a run: every reader has the part once."""
    site = make_site(tmp_path / "site")
    write_guide(site, front='cadence: "weekly mon 09:00"\nstart: first-run\n')
    readers = [f"reader-{n}@example.org" for n in range(40)]
    (tmp_path / "readers.csv").write_text(
        "email,consent_at,consent_source\n" + "".join(f"{one},2026-01-01,page\n" for one in readers)
    )
    subprocess.run(  # noqa: S603 -- ourselves
        [sys.executable, "-m", "pipeline", "--site", str(site),
         "subscriber", "import", str(tmp_path / "readers.csv")],
        check=True, cwd=ROOT, capture_output=True,
    )  # fmt: skip
    daemon = start(site, free_port())
    time.sleep(1.2)
    daemon.kill()
    daemon.communicate()
    later = "2027-01-01T00:00+00:00"  # past any lease
    first = run_once(site, later)
    assert numbers(first) in ([], [1])
    assert sorted(str(one["To"]) for one in outbox(site)) == sorted(readers)


def test_two_at_once_release_once(tmp_path: Path) -> None:
    """Two schedulers on one database: one issue, one message a reader."""
    site = make_site(tmp_path / "site")
    write_guide(site, front='cadence: "weekly mon 09:00"\nstart: first-run\n')
    command = [sys.executable, "-m", "pipeline", "--site", str(site)]
    subprocess.run(  # noqa: S603 -- ourselves
        [*command, "subscriber", "add", "reader@example.org"],
        check=True, cwd=ROOT, capture_output=True,
    )  # fmt: skip
    both = [
        subprocess.Popen([*command, "run", "--once"], cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- ourselves
        for _ in range(2)
    ]
    said = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sum("All about rivers 0" in text.split("Next")[0] for text in said) == 1
    assert len(outbox(site)) == 1

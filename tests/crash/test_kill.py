"""kill -9 at any moment: nobody is forgotten, nobody is served twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.harness import build, kill_often, sink
from tests.crash.sender import FAIL_POINTS, Options, start

CONNECTIONS = 4

LENGTHS = [
    pytest.param(5, 800, 6, id="short"),
    pytest.param(0, 5000, 30, id="fast", marks=pytest.mark.tools),
    pytest.param(5, 5000, 40, id="slow", marks=pytest.mark.tools),
    pytest.param(50, 600, 10, id="slower", marks=pytest.mark.tools),
]
"""Milliseconds that the server takes to answer, people, and kills; long ones for `make walks`."""


@pytest.mark.parametrize(("delay", "people", "kills"), LENGTHS)
def test_kills_lose_nothing_and_double_nothing(
    tmp_path: Path, database_url: str, delay: int, people: int, kills: int
) -> None:
    """After so many kills what arrived is the audience, each once, and the ledger says so."""
    with sink(tmp_path / "sink", f"--delay={delay}") as server:
        site = build(tmp_path / "site", server.port, people, database_url)
        done = kill_often(site, server, kills, Options(), seed=delay)
        site.finish()
        uncertain = site.states().get("uncertain", 0)
        arrived = server.accepted()
        assert max(arrived.values()) == 1
        assert uncertain <= CONNECTIONS * done
        site.resolve(server)
        site.finish()
        assert done >= kills // 2
        assert set(server.accepted()) == site.audience
        assert set(server.accepted().values()) == {1}
        assert site.states() == {"sent": people}


@pytest.mark.parametrize("point", FAIL_POINTS)
def test_each_window_is_closed(tmp_path: Path, database_url: str, point: str) -> None:
    """A sender that dies right after a step has neither lost nor doubled a message."""
    with sink(tmp_path / "sink") as server:
        site = build(tmp_path / "site", server.port, 200, database_url)
        for at in (1, 2, 3, 1):
            process = start(site.folder, Options(fail_point=point, at=at))
            process.join()
            assert process.exitcode == -9
        site.finish()
        site.resolve(server)
        site.finish()
        assert set(server.accepted()) == site.audience
        assert set(server.accepted().values()) == {1}
        assert site.states() == {"sent": 200}


def test_the_naive_order_fails(tmp_path: Path) -> None:
    """Without a journal the same kills send some people the same part twice: the control."""
    with sink(tmp_path / "sink", "--delay=5") as server:
        site = build(tmp_path / "site", server.port, 1000)
        kill_often(site, server, 6, Options(is_naive=True), seed=1)
        site.finish(Options(is_naive=True))
        arrived = server.accepted()
    assert set(arrived) == site.audience
    assert max(arrived.values()) > 1

"""The feed reader library `reader` against the running server, over simulated days."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import LATE, Served, serve
from tests.sites import write_guide

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import reader as library

FRONT = 'cadence: "daily 09:00"\nzone: Europe/Berlin\nstart: 2026-03-09\n'
FILES = ("rss.xml", "atom.xml", "feed.json")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A served site whose guide lets out a part a day."""
    with serve(tmp_path / "site", "2026-03-09T10:00+01:00", LATE) as made:
        write_guide(made.site, parts=8, front=FRONT)
        made.tick("2026-03-09T10:00+01:00")
        yield made


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Any]:
    """A reader with a database of its own."""
    with library.make_reader(str(tmp_path / "reader.db")) as made:
        yield made


def update(reader: Any, url: str) -> tuple[int, int] | None:
    """New and modified entries of an update; None if the feed was not modified."""
    found = reader.update_feed(url)
    return None if found is None else (found.new, found.modified)


@pytest.mark.parametrize("file", FILES)
def test_each_part_is_new_once(served: Served, reader: Any, file: str) -> None:
    """The first update brings what is out, the second nothing, each release one and no other."""
    url = f"{served.url}water/{file}"
    reader.add_feed(url)
    assert update(reader, url) == (1, 0)
    assert update(reader, url) is None
    for day in (10, 11, 12):
        served.tick(f"2026-03-{day}T10:00+01:00")
        assert update(reader, url) == (1, 0)
        assert update(reader, url) is None
    assert [status for _, status in served.asked()] == [200, 304, *[226, 304] * 3]
    entries = list(reader.get_entries())
    assert len({one.id for one in entries}) == len(entries) == 4
    assert reader.get_feed(url).last_exception is None


def test_an_edit_is_modified_and_not_new(served: Served, reader: Any) -> None:
    """The entry stays the one that was read."""
    url = f"{served.url}water/atom.xml"
    reader.add_feed(url)
    update(reader, url)
    (entry,) = reader.get_entries()
    reader.mark_entry_as_read(entry)
    path = served.site / "content/water.md"
    said = path.read_text("utf-8")
    path.write_text(said.replace("Paragraph 0 about rivers", "Now it is all about streams and"))
    served.tick("2026-03-09T12:00+01:00")
    assert update(reader, url) == (0, 1)
    (again,) = reader.get_entries()
    assert again.id == entry.id
    assert again.read
    assert again.published == entry.published
    assert again.updated > entry.updated
    assert "streams" in again.content[0].value


def test_a_drip_brings_a_part_a_day(served: Served, reader: Any) -> None:
    """Eight days, eight entries, one each day, none twice, beside the live feed."""
    served.tick("2026-03-20T10:00+01:00")
    live, url = f"{served.url}water/rss.xml", f"{served.url}drip/water/2026-03-20/1d/rss.xml"
    reader.add_feed(live)
    reader.add_feed(url)
    assert update(reader, live) == (8, 0)
    for day in range(20, 28):
        served.tick(f"2026-03-{day}T10:00+01:00")
        assert update(reader, url) == (1, 0)
        assert update(reader, url) is None
    served.tick("2026-03-28T10:00+01:00")
    assert update(reader, url) is None
    mine = list(reader.get_entries(feed=url))
    assert len({one.id for one in mine}) == 8
    assert len({one.id for one in reader.get_entries()}) == 16


def test_who_asks_too_often_waits(tmp_path: Path, reader: Any) -> None:
    """429 with Retry-After after a burst; the reader knows of it, and nothing is lost."""
    with serve(tmp_path / "site", "2026-03-09T10:00+01:00", web="burst = 4") as served:
        write_guide(served.site, parts=2, front=FRONT)
        served.tick("2026-03-09T10:00+01:00")
        url = f"{served.url}water/atom.xml"
        reader.add_feed(url)
        for _ in range(4):
            update(reader, url)
        with pytest.raises(library.ParseError):
            update(reader, url)
        assert [status for _, status in served.asked()] == [200, 304, 304, 304, 429]
        assert len(list(reader.get_entries())) == 1

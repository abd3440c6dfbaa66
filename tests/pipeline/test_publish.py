"""publish: whole files or none, untouched when equal."""

import os
from pathlib import Path

import pytest

from pipeline import publish
from pipeline.errors import FileError


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """Every file stands at its path with its bytes, folders made on the way."""
    done = publish.write(tmp_path, {"a/b/index.html": b"one", "feed.json": b"two"}.items())
    assert done.written == ("a/b/index.html", "feed.json")
    assert (tmp_path / "a/b/index.html").read_bytes() == b"one"


def test_equal_bytes_are_left_alone(tmp_path: Path) -> None:
    """A second publishing of the same bytes touches no file: not its inode, not its time."""
    publish.write(tmp_path, {"feed.json": b"same"}.items())
    before = (tmp_path / "feed.json").stat()
    done = publish.write(tmp_path, {"feed.json": b"same"}.items())
    after = (tmp_path / "feed.json").stat()
    assert (done.written, done.unchanged) == ((), 1)
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_reader_keeps_the_old_file_whole(tmp_path: Path) -> None:
    """Who opened the old file reads it to its end while the new one takes its place."""
    publish.write(tmp_path, {"feed.json": b"old"}.items())
    with (tmp_path / "feed.json").open("rb") as reader:
        publish.write(tmp_path, {"feed.json": b"newer"}.items())
        assert reader.read() == b"old"
    assert (tmp_path / "feed.json").read_bytes() == b"newer"


@pytest.mark.parametrize("path", ["../out.html", "a/../../out.html", "/out.html"])
def test_nothing_leaves_the_folder(tmp_path: Path, path: str) -> None:
    """A path that leads out of the folder is refused, and nothing appears outside."""
    folder = tmp_path / "feeds"
    with pytest.raises(FileError, match="leads out"):
        publish.write(folder, {path: b"x"}.items())
    assert list(tmp_path.rglob("out.html")) == []


def test_a_refusal_leaves_no_half_file(tmp_path: Path) -> None:
    """When a file cannot be replaced the old one stays, and no draft is left beside it."""
    (tmp_path / "feed.json").mkdir()
    with pytest.raises(FileError, match=r"feed\.json"):
        publish.write(tmp_path, {"feed.json": b"x"}.items())
    assert os.listdir(tmp_path) == ["feed.json"]  # noqa: PTH208 -- hidden names count


def test_a_changed_file_is_of_a_later_second(tmp_path: Path) -> None:
    """However soon it changes again: readers that go by dates to the second see each change."""
    seconds = []
    for content in (b"one", b"two", b"three"):
        publish.write(tmp_path, [("feed.json", content)])
        seconds.append(int((tmp_path / "feed.json").stat().st_mtime))
    assert seconds == sorted(set(seconds))
    publish.write(tmp_path, [("feed.json", b"three")])
    assert int((tmp_path / "feed.json").stat().st_mtime) == seconds[-1]

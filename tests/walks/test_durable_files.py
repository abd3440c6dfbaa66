"""What a build asks of the system, for every file: data synced, renamed, then its folder synced."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.sites import make_site, run_once, write_guide
from tests.walks.test_tools import tool

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]
CALLS = "openat,creat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2"
_CALL = re.compile(r"^\d+\s+(?P<name>\w+)\((?P<rest>.*)\)\s+= (?P<result>-?\d+)")
_RESUMED = re.compile(r"^(\d+)\s+<\.\.\. \w+ resumed>(.*)$")
_DESCRIPTOR = re.compile(r"^\d+<(?P<path>[^>]*)>")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WRITES = re.compile(r"O_WRONLY|O_RDWR")


@dataclass
class Trace:
    """What became of the files of one folder."""

    opened: list[str] = field(default_factory=list)
    """Files that were opened for writing."""
    unsafe: list[str] = field(default_factory=list)
    """Files that were renamed before their data was synced."""
    dirty: set[str] = field(default_factory=set)
    """Files written since they were synced."""
    moved: dict[str, str] = field(default_factory=dict)
    """Renamed files: the new name -> its folder, until the folder is synced."""
    durable: set[str] = field(default_factory=set)
    """Renamed files whose folder was synced after that."""


def _lines(text: str) -> Iterator[str]:
    """The calls, with those that were interrupted put together again."""
    open_calls: dict[str, str] = {}
    for line in text.splitlines():
        if line.endswith("<unfinished ...>"):
            open_calls[line.split()[0]] = line.removesuffix("<unfinished ...>").rstrip()
        elif (found := _RESUMED.match(line)) is not None:
            yield open_calls.pop(found[1], "") + found[2]
        else:
            yield line


def _read(text: str, folder: str) -> Trace:
    trace = Trace()
    for line in _lines(text):
        found = _CALL.match(line)
        if found is None or found["result"] == "-1":
            continue
        name, rest = found["name"], found["rest"]
        if name in {"openat", "creat"} or name.startswith("rename"):
            _by_name(trace, name, rest, folder)
        elif (held := _DESCRIPTOR.match(rest)) and held["path"].startswith(folder):
            _by_descriptor(trace, name, held["path"])
    return trace


def _by_name(trace: Trace, name: str, rest: str, folder: str) -> None:
    """A call on a file's name: opened, or renamed."""
    old, new = (names := _QUOTED.findall(rest))[0], names[-1]
    if not new.startswith(folder):
        return
    if name.startswith("rename"):
        trace.unsafe += [new] if old in trace.dirty else []
        trace.moved[new] = str(Path(new).parent)
    elif _WRITES.search(rest):
        trace.opened.append(new)


def _by_descriptor(trace: Trace, name: str, path: str) -> None:
    """A call on an open file or folder: written, or synced."""
    if "write" in name:
        trace.dirty.add(path)
        return
    trace.dirty.discard(path)
    there = {new for new, where in trace.moved.items() if where == path}
    trace.durable |= there
    for new in there:
        del trace.moved[new]


def test_every_file_is_synced_renamed_and_its_folder_synced(tmp_path: Path) -> None:
    """So no loss of power leaves a published file empty, torn, or out of its folder."""
    site = make_site(tmp_path / "site")
    write_guide(site, parts=4)
    run_once(site, "2026-03-01T10:00")
    log = tmp_path / "trace"
    command = [tool("strace"), "-f", "-y", "-s", "4096", "-e", f"trace={CALLS}", "-o", str(log)]
    run = [sys.executable, "-m", "pipeline", "--site", str(site), "run", "--once"]
    subprocess.run(  # noqa: S603 -- ours
        [*command, *run, "--now", "2026-03-09T10:00"], check=True, capture_output=True
    )
    feeds = site / "feeds"
    trace = _read(log.read_text("utf-8", errors="replace"), str(feeds))
    there = {str(path) for path in feeds.rglob("*") if path.is_file()}
    written = there & trace.durable
    assert {str(feeds / name) for name in ("water/atom.xml", "rss.xml", "index.html")} <= written
    assert len(written) >= 10
    assert all(Path(path).name.startswith(".new-") for path in trace.opened), trace.opened
    assert (trace.unsafe, trace.moved) == ([], {})

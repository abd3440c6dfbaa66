"""A reader that polls while feeds are rebuilt a thousand times, and killed, sees whole files."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

FILES = ("water/rss.xml", "water/atom.xml", "index.html")
WRITER = """
import sys
from pathlib import Path
from pipeline import publish
folder, number = Path(sys.argv[1]), int(sys.argv[2])
while True:
    number += 1
    body = b"<feed>" + str(number).encode() * 20_000 + b"</feed>"
    publish.write(folder, [(name, body) for name in sys.argv[3:]])
    print(number, flush=True)
"""


@pytest.mark.timeout(240)
def test_no_file_is_ever_torn_empty_or_missing(tmp_path: Path) -> None:
    """Whatever moment the writer dies at; what it leaves behind is no file of ours."""
    chance = random.Random(7)  # noqa: S311 -- when to kill
    done, kills = _until_killed(tmp_path, 0, 0.3), 1
    torn: list[str] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            for name in FILES:
                body = (tmp_path / name).read_bytes()
                if not (body.startswith(b"<feed>") and body.endswith(b"</feed>")):
                    torn.append(name)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        while done < 1000:
            done = _until_killed(tmp_path, done, chance.uniform(0.2, 1.5))
            kills += 1
    finally:
        is_over.set()
        reader.join()
    assert torn == []
    assert kills >= 3
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {name for name in left if not name.startswith(".new-")} == {
        "rss.xml", "atom.xml", "index.html",
    }  # fmt: skip


def _until_killed(folder: Path, done: int, seconds: float) -> int:
    """The number of the last rebuild that a writer said it had made before it was killed."""
    words = [sys.executable, "-c", WRITER, str(folder), str(done), *FILES]
    root = Path(__file__).parents[2]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=root) as writer:  # noqa: S603 -- ourselves
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(seconds)
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split("\n")
    whole = [line for line in rest[:-1] if line]
    return int(whole[-1]) if whole else int(first)

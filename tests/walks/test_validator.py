"""The W3C feed validator at its strictest level (AAA) says nothing about any document of ours.

It is kept outside the repository: PARTWORK_FEEDVALIDATOR names a checkout of it, the folder that
holds `src/feedvalidator`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.test_web_feeds import client, get
from tests.sites import make_site, run_once, write_guide

CHECKOUT = os.environ.get("PARTWORK_FEEDVALIDATOR", "")
ROOT = Path(__file__).parents[2]
JUDGE = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
import feedvalidator
from feedvalidator import compatibility
from feedvalidator.formatter.text_plain import Formatter
found = {}
for url, text in json.load(sys.stdin).items():
    try:
        events = feedvalidator.validateString(text, firstOccurrenceOnly=0, base=url)["loggedEvents"]
    except feedvalidator.logging.ValidationFailure as failure:
        events = [failure.event]
    said = list(Formatter(compatibility.AAA(events)))
    if said:
        found[url] = said
json.dump(found, sys.stdout)
"""

pytestmark = pytest.mark.skipif(
    not Path(CHECKOUT, "src/feedvalidator").is_dir(),
    reason="LOUD: no W3C feed validator; set PARTWORK_FEEDVALIDATOR to a checkout of it",
)


def judged(documents: dict[str, str]) -> dict[str, list[str]]:
    """What the validator says of documents by their URLs; nothing of those without a fault."""
    done = subprocess.run(  # noqa: S603 -- ourselves
        [sys.executable, "-c", JUDGE, str(Path(CHECKOUT, "src"))],
        input=json.dumps(documents), capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def published(site: Path, base_url: str) -> dict[str, str]:
    """Every feed of a site, and the list of feeds, by their URLs."""
    feeds = site / "feeds"
    found = [*feeds.rglob("rss.xml"), *feeds.rglob("atom.xml"), feeds / "feeds.opml"]
    return {f"{base_url}/{one.relative_to(feeds)}": one.read_text("utf-8") for one in found}


def test_the_judge_finds_faults() -> None:
    """It is really asked: a feed without a title is told."""
    assert judged({"https://x.example/rss.xml": '<rss version="2.0"><channel></channel></rss>'})


def test_the_demonstration_site_is_without_fault(tmp_path: Path) -> None:
    """All its feeds, when it begins and when it is complete."""
    site = tmp_path / "site"
    shutil.copytree(ROOT / "content", site / "content")
    shutil.copy(ROOT / "partwork.toml", site)
    for month in (1, 2, 3, 4):
        for day in range(1, 29, 3):
            run_once(site, f"2026-{month:02}-{day:02}T22:00")
    documents = published(site, "http://127.0.0.1:8000")
    assert len(documents) > 25
    assert judged(documents) == {}


def test_archives_and_drips_are_without_fault(tmp_path: Path) -> None:
    """Feeds with archives behind them, the archives, drips before, during and after."""
    settings = '\n[schedule]\ncatch_up = "all"\nmax_late_days = 365\n[web]\nburst = 0\n'
    from tests.sites import SETTINGS

    site = make_site(tmp_path / "site", SETTINGS + settings)
    front = (
        'cadence: "daily 09:00"\nzone: Europe/Berlin\nstart: 2026-03-09\ntags: [water, "a & b"]\n'
        "author: {name: Ann Example}\n"
    )
    write_guide(site, parts=45, front=front)
    write_guide(site, "old", parts=2, front=front + "lang: ar\n")
    run_once(site, "2026-03-20T10:00")
    run_once(site, "2026-05-20T10:00")
    documents = published(site, "https://news.example.org")
    assert sum("archive" in url for url in documents) >= 12
    for at in ("2026-05-20T10:00", "2026-05-21T10:00", "2026-06-20T10:00", "2026-09-20T10:00"):
        with client(site, at) as web:
            for start in ("2026-05-20", "2026-05-21"):
                for file in ("rss.xml", "atom.xml", "archive/1/rss.xml", "archive/2/atom.xml"):
                    path = f"drip/water/{start}/1d/{file}"
                    got = get(web, f"/{path}")
                    if got.status_code == 200:
                        documents[f"https://news.example.org/{path}#{at}"] = got.text
    assert sum("drip" in url for url in documents) >= 20
    found = judged(
        {url.partition("#")[0] + f"?{n}": text for n, (url, text) in enumerate(documents.items())}
    )
    told = {line for lines in found.values() for line in lines if "Self reference" not in line}
    assert told == set()

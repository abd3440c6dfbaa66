"""content and guide: pictures that lie beside a guide are published with it, with their sizes."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import pytest

from pipeline import content, guide
from pipeline.guide import Source
from pipeline.markup import render_html
from pipeline.model import Picture
from tests.sites import make_site, outbox, run_once, subscribe, write_guide

FRONT = 'cadence: "weekly mon 09:00"\nstart: 2026-03-09\n'


def png(width: int, height: int, level: int = 0) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([level]) * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site whose guide shows a picture of its own in every way that there is."""
    made = make_site(tmp_path / "site")
    path = write_guide(made, parts=1, front=FRONT)
    (made / "content/pictures").mkdir()
    (made / "content/pictures/a hive.png").write_bytes(png(1200, 600))
    shown = (
        "\n\n![A hive](pictures/a%20hive.png)\n\n- in a list: ![Bees](<pictures/a hive.png>)\n\n"
        '<p><img src="pictures/a%20hive.png" alt="Raw"></p>\n\n'
        "![Elsewhere](https://example.net/x.png) ![Ours](/static/y.png)\n"
    )
    path.write_text(path.read_text("utf-8") + shown, "utf-8")
    return made


def test_a_picture_is_published_with_its_size(site: Path) -> None:
    """In feeds, pages and mail, under an address that follows from its bytes."""
    subscribe(site, "reader@example.net", "2026-03-01T10:00")
    run_once(site, "2026-03-09T10:00")
    (item,) = json.loads((site / "feeds/water/feed.json").read_text("utf-8"))["items"]
    (published,) = (site / "feeds/media").rglob("*.png")
    assert published.read_bytes() == png(1200, 600)
    url = f"https://news.example.org/media/{published.parent.name}/a%20hive.png"
    html = item["content_html"]
    assert html.count(f'src="{url}"') == 3
    assert html.count('width="1200"') == html.count('height="600"') == 3
    assert 'src="https://example.net/x.png"' in html
    assert 'src="https://news.example.org/static/y.png"' in html
    page = (site / "feeds" / item["url"].partition("example.org/")[2] / "index.html").read_text()
    assert page.count(f'src="{url}"') == 3
    (message,) = outbox(site)
    mail = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert mail.count(f'src="{url}"') == 3
    assert mail.count('width="536"') >= 3, "Outlook shows the width that the attribute says"


def test_another_picture_under_the_same_name(site: Path) -> None:
    """The part is corrected, and the old picture stays where it was."""
    run_once(site, "2026-03-09T10:00")
    (site / "content/pictures/a hive.png").write_bytes(png(800, 600, 7))
    report = run_once(site, "2026-03-09T12:00")
    assert len(report.publishing.revised) == 1
    text = (site / "feeds/water/feed.json").read_text("utf-8")
    assert 'width=\\"800\\"' in text
    assert len(list((site / "feeds/media").rglob("*.png"))) == 2
    assert run_once(site, "2026-03-09T12:00").is_idle


def test_what_is_not_there_is_told(site: Path) -> None:
    """By file and line; while one cannot be shown the guide waits."""
    path = site / "content/water.md"
    (site / "content/drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (site / "content/torn.png").write_bytes(b"\x89PNG")
    lost = "\n![](hive.png)\n\n![x](drawing.svg)\n\n![x](torn.png)\n\n![x](../partwork.toml)\n"
    before = path.read_text("utf-8")
    path.write_text(before + lost, "utf-8")
    line = before.count("\n") + 2
    report = run_once(site, "2026-03-09T10:00")
    assert not report.publishing.released
    told = [(one.line, one.message.partition(":")[0]) for one in report.diagnostics]
    assert told == [
        (line, "picture content/hive.png is not there"),
        (line + 2, "picture content/drawing.svg is no PNG, JPEG, GIF or WebP"),
        (line + 4, "picture content/torn.png is no PNG, JPEG, GIF or WebP"),
        (line + 6, "picture partwork.toml is not there"),
    ]


def test_names_are_found_from_the_guide(tmp_path: Path) -> None:
    """A folder's pictures lie in it; a guide's beside it; neither leaves the content folder."""
    picture = Picture("media/0123456789abcdef/x.png", 10, 20)
    known = {"content/book/x.png": picture, "content/x.png": picture}
    sidecar = 'title = "Book"'
    for name, src, found in (
        ("content/book/", "x.png", True),
        ("content/book/", "../x.png", True),
        ("content/a.md", "./x.png", True),
        ("content/a.md", "y.png", False),
        ("content/a.md", "../content/x.png", True),
        ("content/a.md", "../x.png", False),
        ("content/a.md", "%00.png", False),
    ):
        text = f"## One\n\nText and > ![x]({src}) in it.\n\n| a |\n|---|\n| ![x]({src}) |\n"
        front = "" if name.endswith("/") else "---\ntitle: A\n---\n"
        source = Source(name, front + text, sidecar if name.endswith("/") else None, "s")
        made = guide.illustrate(guide.parse(source), known)
        assert len(made.diagnostics) == 2 * (not found), (name, src)
        assert made.guide is not None
        html = render_html(made.guide.sections, base_url="https://example.org")
        assert html.count('width="10" height="20"') == 2 * found


def test_an_address_that_is_none_is_no_picture() -> None:
    """Neither a fault of ours nor a file."""
    source = Source("content/a.md", "---\ntitle: A\n---\n\n![x](//[) <img src='http://['>\n")
    made = guide.illustrate(guide.parse(source), {})
    assert made.guide is not None
    assert made.diagnostics == ()


def test_the_folder_is_read_once(tmp_path: Path) -> None:
    """Sizes come from the files, of any kind that mail programs show."""
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "a.png").write_bytes(png(3, 4))
    (folder / ".b.png").write_bytes(png(3, 4))
    gif = b"GIF89a" + struct.pack("<HH", 5, 6) + b"\0\0\0;"
    (folder / "c.GIF").write_bytes(gif)
    outside = tmp_path / "secret.png"
    outside.write_bytes(png(1, 1))
    (folder / "d.png").symlink_to(outside)
    found = content.read(folder).pictures
    sizes = {name: (one.width, one.height) for name, one in found.items()}
    assert sizes == {"content/a.png": (3, 4), "content/c.GIF": (5, 6)}

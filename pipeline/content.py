"""Reads what writers and designers put into a site's folder: guides, their ids, templates."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from pipeline.errors import FileError
from pipeline.guide import Source
from pipeline.model import Diagnostic, Picture, Severity

GUIDE_ENDINGS = frozenset({".md", ".markdown", ".txt", ".html", ".htm"})
MARKDOWN = frozenset({".md", ".markdown"})
FOLDER_FILE = "guide.toml"
"""Makes a folder a guide, and says what front matter would."""
WITH_SIDECAR = frozenset({".txt", ".html", ".htm"})
MAX_BYTES = 10_000_000
"""No guide of words is larger; a larger file is refused before it is read."""

PICTURE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"})
"""Of pictures; mail programs show no SVG, which is told."""
MAX_PICTURE = 5_000_000
MEDIA = "media"
"""The folder that pictures are published in."""

PRODUCT = "partwork"
"""Below this name a site's templates find those that theirs stand in the place of."""

_EDITORS_OWN = re.compile(r"^[._#]|[~#]$|\.(?:swp|swo|tmp|bak)$")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_PRODUCT = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Reading:
    """What a folder of content gave: readable sources, and what to tell the writer."""

    sources: tuple[Source, ...]
    diagnostics: tuple[Diagnostic, ...]
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    """By the names that are shown to people."""

    def gallery(self) -> str:
        """Says all pictures: another text whenever one of them is another."""
        return repr(sorted(self.pictures.items()))


def read(folder: Path) -> Reading:
    """Every guide's source below a folder, in order of their names.

    A file that cannot be read as text becomes a diagnostic; its neighbours are read.

    Raises:
        FileError: There is no such folder.
    """
    if not folder.is_dir():
        raise FileError(str(folder), "no such folder", "make it, or name another with --site DIR")
    sources: list[Source] = []
    diagnostics: list[Diagnostic] = []
    for path in sorted(folder.iterdir()):
        if _EDITORS_OWN.search(path.name):
            continue
        if (path / FOLDER_FILE).is_file():
            found = _folder(path, folder)
        elif path.suffix.lower() in GUIDE_ENDINGS:
            found = _source(path, folder)
        else:
            continue
        if isinstance(found, Source):
            sources.append(found)
        else:
            diagnostics.append(found)
    return Reading(tuple(sources), tuple(diagnostics), _pictures(folder))


def _pictures(folder: Path) -> dict[str, Picture]:
    """Every picture below the folder."""
    found = ((path, picture(folder, path)) for path in sorted(folder.rglob("*")))
    return {_shown(path, folder): one for path, one in found if one is not None}


def picture(folder: Path, path: Path) -> Picture | None:
    """The picture of this path below the folder of content; None if it is none."""
    is_ours = path.suffix.lower() in PICTURE_ENDINGS and not _EDITORS_OWN.search(path.name)
    if not (is_ours and path.is_file() and path.resolve().is_relative_to(folder.resolve())):
        return None
    state = path.stat()
    return _looked_at(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _looked_at(path: Path, size: int, _changed: int) -> Picture:
    """A picture file by its content; looked at again when its time is another.

    The reader of sizes costs 40 ms to import, so it is imported when the first picture is seen.
    """
    if size > MAX_PICTURE:
        what = f"has {size:,} bytes; at most {MAX_PICTURE:,}: make it smaller"
        return Picture("", 0, 0, what)
    import imagesize

    try:
        raw = path.read_bytes()
        width, height = imagesize.get(io.BytesIO(raw))
    except (OSError, ValueError) as error:
        return Picture("", 0, 0, f"cannot be read: {error}")
    if path.suffix.lower() == ".svg" or width <= 0 or height <= 0:
        return Picture("", 0, 0, "is no PNG, JPEG, GIF or WebP: save it as one of these")
    return Picture(f"{MEDIA}/{_digest(raw)}/{quote(path.name)}", width, height)


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def picture_bytes(folder: Path, name: str, picture: Picture) -> bytes | None:
    """The picture's file; None if it is no longer what was looked at.

    Args:
        folder: The folder of content.
        name: As in `Reading.pictures`.
        picture: What stands there under it.
    """
    try:
        raw = (folder.parent / name).read_bytes()
    except OSError:
        return None
    return raw if _digest(raw) in picture.path else None


def _source(path: Path, folder: Path) -> Source | Diagnostic:
    text = _text(path, folder)
    if isinstance(text, Diagnostic):
        return text
    sidecar = path.with_suffix(".toml")
    if path.suffix.lower() not in WITH_SIDECAR or not sidecar.exists():
        return Source(_shown(path, folder), text)
    beside = _text(sidecar, folder)
    if isinstance(beside, Diagnostic):
        return beside
    return Source(_shown(path, folder), text, beside, _shown(sidecar, folder))


def _folder(path: Path, folder: Path) -> Source | Diagnostic:
    """A folder of Markdown files as one guide, in the order of their names."""
    texts: list[str] = []
    files: list[tuple[int, str]] = []
    before = size = 0
    for file in sorted(path.iterdir(), key=natural):
        if file.suffix.lower() not in MARKDOWN or _EDITORS_OWN.search(file.name):
            continue
        text = _text(file, folder)
        if isinstance(text, Diagnostic):
            return text
        files.append((before, _shown(file, folder)))
        texts.append(text.rstrip("\n") + "\n")
        before += text.rstrip("\n").count("\n") + 2  # the empty line between two files
        size += len(text)
    name = f"{_shown(path, folder)}/"
    if size > MAX_BYTES:
        what = f"has {size:,} characters; at most {MAX_BYTES:,}: split the guide"
        return _refused(name, 1, "too-large", what)
    beside = _text(path / FOLDER_FILE, folder)
    if isinstance(beside, Diagnostic):
        return beside
    sidecar = _shown(path / FOLDER_FILE, folder)
    return Source(name, "\n".join(texts), beside, sidecar, tuple(files))


def _shown(path: Path, folder: Path) -> str:
    return f"{folder.name}/{path.relative_to(folder)}"


def _text(path: Path, folder: Path) -> str | Diagnostic:
    """A file's text with LF ends, or why it is refused."""
    shown = _shown(path, folder)
    raw = _bytes(path, folder, shown)
    if isinstance(raw, Diagnostic):
        return raw
    return _readable(raw, shown)


def _readable(raw: bytes, shown: str) -> str | Diagnostic:
    text = _decoded(raw, shown)
    if isinstance(text, Diagnostic):
        return text
    if (bad := _NOT_TEXT.search(text)) is not None:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - text.rfind("\n", 0, bad.start())
        what = f"column {column} holds U+{ord(bad[0]):04X}, which no text needs; delete it"
        return _refused(shown, line, "control", what)
    return text


def _refused(shown: str, line: int, rule: str, message: str) -> Diagnostic:
    return Diagnostic(shown, line, Severity.ERROR, rule, message)


def _bytes(path: Path, folder: Path, shown: str) -> bytes | Diagnostic:
    if not path.resolve().is_relative_to(folder.resolve()):
        what = "leads out of the content folder; copy the file instead"
        return _refused(shown, 1, "outside", what)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            what = f"has {size:,} bytes; at most {MAX_BYTES:,}: split the guide"
            return _refused(shown, 1, "too-large", what)
        return path.read_bytes()
    except OSError as error:
        return _refused(shown, 1, "unreadable", error.strerror or str(error))


def _decoded(raw: bytes, shown: str) -> str | Diagnostic:
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return _refused(shown, 1, "encoding", "is UTF-16; save it as UTF-8")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"byte {error.start} is not UTF-8; save the file as UTF-8"
        return _refused(shown, line, "encoding", what)


def natural(path: Path) -> tuple[tuple[int, int | str], ...]:
    """What sorts files as people do: `2-b.md` before `10-a.md`."""
    pieces = re.split(r"(\d+)", path.name)
    return tuple((0, int(one)) if one.isdecimal() else (1, one) for one in pieces)


def read_text(path: Path) -> str:
    """The text of any file, with LF ends.

    Raises:
        FileError: It is not there, too large, or no text.
    """
    found = _text(path, path.parent)
    if isinstance(found, Diagnostic):
        raise FileError(f"{path}:{found.line}", found.message)
    return found


def decode(raw: bytes, name: str) -> str:
    """The text that bytes hold, with LF ends.

    Raises:
        FileError: They are no text.
    """
    found = _readable(raw, name)
    if isinstance(found, Diagnostic):
        raise FileError(f"{name}:{found.line}", found.message)
    return found


def ids_path(guide_file: Path) -> Path:
    """Where a guide's permanent ids are kept: beside it, or in its folder."""
    return (
        guide_file / "guide.ids.json"
        if guide_file.is_dir()
        else guide_file.with_suffix(".ids.json")
    )


def read_ids(guide_file: Path) -> str | None:
    """The text of a guide's ids file; None when there is none yet."""
    path = ids_path(guide_file)
    try:
        return path.read_text(encoding="utf-8") if path.exists() else None
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(str(path), str(error), "restore it from your version control") from error


def read_rules(site_folder: Path) -> tuple[tuple[str, str], ...]:
    """Names and texts of the files of lint rules: the product's, then the site's `lint.yaml`.

    Raises:
        FileError: The site's file is no text.
    """
    ours = (_PRODUCT / "trust" / "rules.yaml").read_text(encoding="utf-8")
    own = site_folder / "lint.yaml"
    theirs = ((own.name, read_text(own)),) if own.exists() else ()
    return (("rules.yaml", ours), *theirs)


def read_support() -> str:
    """The text of the table that says which mail program knows what."""
    return (_PRODUCT / "mail" / "support.json").read_text(encoding="utf-8")


def product_templates() -> Path:
    """The folder of templates that come with Partwork, in a checkout or installed."""
    beside, inside = _PRODUCT.parent / "templates", _PRODUCT / "templates"
    return inside if inside.is_dir() else beside


def read_templates(site_folder: Path) -> dict[str, str]:
    """Every template's source by name; what the site's own `templates/` holds comes first.

    A site's own can extend the product's, which is then also found below `partwork/`.

    Raises:
        FileError: A template is not UTF-8, or leads out of its folder.
    """
    ours, own = product_templates(), site_folder / "templates"
    found = _templates(ours, sorted(ours.rglob("*")))
    if own.is_dir() and own.resolve() != ours.resolve():
        kept = {f"{PRODUCT}/{name}": source for name, source in found.items()}
        found.update(kept | _templates(own, sorted(own.rglob("*"))))
    return found


def _templates(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    found = {}
    for path in paths:
        if not path.is_file() or _EDITORS_OWN.search(path.name):
            continue
        if not path.resolve().is_relative_to(folder.resolve()):
            raise FileError(str(path), "leads out of the templates folder", "copy the file instead")
        try:
            found[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(str(path), str(error), "save it as UTF-8") from error
    return found

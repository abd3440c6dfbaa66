"""A new site's folder."""

from __future__ import annotations

from pathlib import Path

from pipeline import config, content
from pipeline.errors import FileError, UsageError

INIT_FILES = {
    "partwork.toml": config.FILE_NAME,
    "guide.md": "content/how-a-serial-works.md",
    "gitignore": ".gitignore",
}
"""What a new site is made of, by name in `templates/init/`."""


def init_site(folder: Path) -> tuple[Path, ...]:
    """The files of a new site, made in this folder.

    Raises:
        UsageError: A site is there already.
        FileError: The folder cannot be written.
    """
    if (folder / config.FILE_NAME).exists():
        raise UsageError(f"{folder} is a site already", "choose another folder")
    source = content.product_templates() / "init"
    made = []
    try:
        for name in ("content", "templates", "feeds"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name, target in INIT_FILES.items():
            text = (source / name).read_text(encoding="utf-8")
            (folder / target).write_text(text, encoding="utf-8")
            made.append(folder / target)
    except OSError as error:
        raise FileError(str(folder), error.strerror or str(error), "choose another") from error
    return tuple(made)

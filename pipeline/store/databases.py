"""The two databases: how each is connected to, and what it is told at the start."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from pipeline.errors import StoreError

BUSY_SECONDS = 30.0
"""How long a writer waits for another one before it says so."""

SILENT_SECONDS = 60.0
"""How long PostgreSQL keeps what a writer has locked that says nothing between two statements: it
was stopped, or its machine is gone, of which a server may hear after hours."""

PIECE = 1 << 20

PRAGMAS = (
    "page_size = 8192",  # of a new file; planning takes a tenth less than with 4096
    "journal_mode = WAL",
    "synchronous = FULL",  # NORMAL may lose the last commits with the power: people served twice
    "foreign_keys = ON",
    "cache_size = -2048",  # KiB; four times as much made no job faster, and each thread has its own
    "secure_delete = ON",  # what is deleted or moved is overwritten: an erased address is gone
)

WRITER = 0x70617274
"""The advisory lock of PostgreSQL that stands for being the only writer that decides."""


def connect(given: str, folder: Path) -> Engine:
    """The engine for a URL; nothing is opened yet.

    Args:
        given: An SQLAlchemy URL, of SQLite or PostgreSQL.
        folder: Below which a relative SQLite path lies.

    Raises:
        StoreError: It is no URL, of no database that we know, or its driver is not installed.
    """
    try:
        url = make_url(given)
    except ArgumentError as error:
        raise StoreError(
            f"[store] url {given!r} is not a URL", "write sqlite:///var/partwork.db"
        ) from error
    match url.get_backend_name():
        case "sqlite":
            return _sqlite(url, folder)
        case "postgresql":
            return _postgresql(url)
        case other:
            todo = "write sqlite:///var/partwork.db, or postgresql://user@host/name"
            raise StoreError(f"[store] url names {other}, which is not supported", todo)


def shown(given: str) -> str:
    """A URL as people may see it: without its password."""
    try:
        return make_url(given).render_as_string(hide_password=True)
    except ArgumentError:
        return given


def _sqlite(url: URL, folder: Path) -> Engine:
    if url.database and url.database != ":memory:":
        path = folder / url.database
        _make_private(path)
        url = url.set(database=str(path))
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(path: Path) -> None:
    """Addresses are nobody else's business: folder 0700, file 0600."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        todo = "look at [store] url and at the rights of its folder"
        raise StoreError(f"{path}: {error.strerror}", todo) from error


def keep_copy(engine: Engine, suffix: str) -> Path | None:
    """Copy a SQLite file as it is now to `<file>.<suffix>`, in place of an earlier copy.

    The copy is whole even while others write. PostgreSQL has tools of its own for this.
    """
    named = engine.url.database
    if engine.dialect.name != "sqlite" or not named or named == ":memory:":
        return None
    copy, draft = Path(f"{named}.{suffix}"), Path(f"{named}.{suffix}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    with closing(engine.raw_connection()) as plain:  # outside of any transaction
        plain.cursor().execute("VACUUM INTO ?", (str(draft),))
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    return draft.replace(copy)


def scrub(engine: Engine, said: str) -> None:
    """Take these words out of the files of a SQLite database; see `Store.scrub`."""
    named = engine.url.database
    if engine.dialect.name != "sqlite" or not named or named == ":memory:":
        return
    with closing(engine.raw_connection()) as plain:  # outside of any transaction
        cursor = plain.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if _holds(Path(named), said.encode()):
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _holds(path: Path, said: bytes) -> bool:
    """Whether a file holds these bytes, read a piece at a time."""
    kept = b""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            if said in kept + piece:
                return True
            kept = piece[-len(said) :]
    return False


def _prepare_sqlite(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # we say BEGIN ourselves: the driver would begin too late
    for pragma in PRAGMAS:
        raw.execute(f"PRAGMA {pragma}")


def _begin_sqlite(tx: Connection) -> None:
    mode = tx.get_execution_options().get("partwork_begin", "IMMEDIATE")
    tx.exec_driver_sql(f"BEGIN {mode}")


def _postgresql(url: URL) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(
            url, connect_args={"connect_timeout": int(BUSY_SECONDS)}, hide_parameters=True
        )
    except ModuleNotFoundError as error:
        todo = 'install it with `pip install "partwork[postgresql]"`'
        raise StoreError("[store] url names postgresql, whose driver is missing", todo) from error
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _prepare_postgresql(raw: Any, _record: object) -> None:
    with raw.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{BUSY_SECONDS:.0f}s'")
    raw.commit()


def _begin_postgresql(tx: Connection) -> None:
    """Whoever decides by what it reads is alone with that, as it is on SQLite.

    Readers may be as slow as who reads from them: they are in nobody's way.
    """
    mode = tx.get_execution_options().get("partwork_begin", "IMMEDIATE")
    if mode == "DEFERRED":
        return
    wanted = f"set_config('idle_in_transaction_session_timeout', '{SILENT_SECONDS}s', true)"
    if mode == "IMMEDIATE":
        wanted += f", pg_advisory_xact_lock({WRITER})"
    tx.exec_driver_sql(f"SELECT {wanted}")

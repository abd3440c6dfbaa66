"""The door to the database: opens it, migrates it, hands out transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from pipeline.errors import StoreError

HEAD = "0007"
"""The newest migration; a test holds it against the scripts."""

BUSY_SECONDS = 30.0
"""How long a writer waits for another one before it says so."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Where the database is."""

    url: str = "sqlite:///var/partwork.db"
    """An SQLAlchemy URL; a relative SQLite path lies below the site's folder."""


class Store:
    """A database that is open and of the right version.

    It does not retry, cache or decide: the modules beside this one hold the statements, each a
    function of a transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start: what it reads stays true.

        Raises:
            StoreError: Another process held the lock for too long, or the disk refused.
        """
        with _telling(), self._engine.begin() as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment and keeps nobody from writing."""
        with _telling(), self._engine.connect() as plain:
            tx = plain.execution_options(partwork_begin="DEFERRED")
            with tx.begin():
                yield tx

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


@contextmanager
def _telling() -> Iterator[None]:
    """Say in one line what the database refused."""
    try:
        yield
    except OperationalError as error:
        raise StoreError(str(error.orig), _advice(str(error.orig))) from error


def _advice(said: str) -> str:
    advice = {
        "locked": "another process is writing; try again when it has finished",
        "readonly": "make the file and its folder writable for this user",
        "full": "free some disk space; nothing was lost",
        "unable to open": "look at [store] url and at the rights of its folder",
    }
    return next((todo for sign, todo in advice.items() if sign in said), "look at [store] url")


def open_store(options: StoreOptions, folder: Path) -> Store:
    """The store of a site, created or migrated to the newest version where needed.

    Args:
        options: Where the database is.
        folder: The site's folder, below which a relative SQLite path lies.

    Raises:
        StoreError: The URL is not understood, the file cannot be opened, or a newer Partwork
            has written it.
    """
    engine = _sqlite_engine(options.url, folder)
    try:
        _migrate(engine)
    except DatabaseError as error:
        raise StoreError(str(error.orig), _advice(str(error.orig))) from error
    return Store(engine)


def _sqlite_engine(given: str, folder: Path) -> Engine:
    try:
        url = make_url(given)
    except ArgumentError as error:
        raise StoreError(
            f"[store] url {given!r} is not a URL", "write sqlite:///var/partwork.db"
        ) from error
    if url.get_backend_name() != "sqlite":
        raise StoreError(
            f"[store] url names {url.get_backend_name()}, which is not supported yet",
            "write sqlite:///var/partwork.db",
        )
    if url.database and url.database != ":memory:":
        path = folder / url.database
        _make_private(path)
        url = url.set(database=str(path))
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _make_private(path: Path) -> None:
    """Addresses are nobody else's business: folder 0700, file 0600."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}", _advice("unable to open")) from error


def _on_connect(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # we say BEGIN ourselves: the driver would begin too late
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        raw.execute(f"PRAGMA {pragma}")


def _on_begin(tx: Connection) -> None:
    mode = tx.get_execution_options().get("partwork_begin", "IMMEDIATE")
    tx.exec_driver_sql(f"BEGIN {mode}")


def _migrate(engine: Engine) -> None:
    """Bring the database to HEAD inside one transaction; a half-made upgrade rolls back."""
    with engine.connect() as tx:
        found = _version(tx)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise StoreError(
            f"it is of version {found}, this Partwork knows up to {HEAD}",
            "use the Partwork that wrote it, or restore a backup",
        )
    from alembic import command  # 100 ms that only a new or an old database costs
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "pipeline.store:migrations")
    config.set_main_option("path_separator", "os")
    with engine.begin() as tx:
        if _version(tx) != HEAD:  # another process may have been first
            config.attributes["connection"] = tx
            command.upgrade(config, HEAD)


def _version(tx: Connection) -> str | None:
    if not inspect(tx).has_table("alembic_version"):
        return None
    version: str | None = tx.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version

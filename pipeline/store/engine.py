"""The door to the database: opens it, migrates it, hands out transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DatabaseError, InternalError, OperationalError, ProgrammingError

from pipeline.errors import StoreError
from pipeline.store.databases import connect, keep_copy, scrub

HEAD = "0016"
"""The newest migration; a test holds it against the scripts."""


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
    def write(self, *, alone: bool = True) -> Iterator[Connection]:
        """A transaction that may write.

        Args:
            alone: Whether no other one that decides runs beside it, so that what it reads stays
                true. PostgreSQL can do without where rows are claimed one by one; SQLite has one
                writer at a time in any case.

        Raises:
            StoreError: Another process held the lock for too long, or the disk refused.
        """
        mode = "IMMEDIATE" if alone or self._engine.dialect.name == "sqlite" else "BESIDE"
        with _telling(), self._engine.connect() as plain:
            tx = plain.execution_options(partwork_begin=mode)
            with tx.begin():
                yield tx

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment and keeps nobody from writing.

        Raises:
            StoreError: The database cannot be read.
        """
        with _telling(), self._engine.connect() as plain:
            tx = plain.execution_options(partwork_begin="DEFERRED")
            if self._engine.dialect.name == "postgresql":
                tx = tx.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with tx.begin():
                yield tx

    def scrub(self, said: str) -> None:
        """See to it that these words, which no row holds any more, are in no file of SQLite's.

        What is deleted is overwritten, but a page that was split may keep a copy: only then is the
        file written anew. PostgreSQL's own vacuum does this in time.

        Raises:
            StoreError: The database cannot be written.
        """
        with _telling():
            scrub(self._engine, said)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


@contextmanager
def _telling() -> Iterator[None]:
    """Say in one line what the database refused."""
    try:
        yield
    except (OperationalError, InternalError) as error:
        raise _told(error) from error
    except ProgrammingError as error:
        if "permission denied" not in str(error.orig):
            raise
        raise _told(error) from error


def _told(error: DatabaseError) -> StoreError:
    said = " ".join(str(error.orig).split())
    return StoreError(said, _advice(said))


def _advice(said: str) -> str:
    advice = {
        "idle-in-transaction": "this process was stopped within a transaction, which was undone; "
        "run it again",
        "lock": "another process is writing; try again when it has finished",
        "readonly": "make the file and its folder writable for this user",
        "permission denied": "let this user read and write all tables",
        "read-only": "make the database writable for this user",
        "full": "free some disk space; nothing was lost",
        "No space left": "free some disk space; nothing was lost",
        "unable to open": "look at [store] url and at the rights of its folder",
    }
    return next((todo for sign, todo in advice.items() if sign in said), "look at [store] url")


def open_store(options: StoreOptions, folder: Path) -> Store:
    """The store of a site, created or migrated to the newest version where needed.

    Args:
        options: Where the database is.
        folder: The site's folder, below which a relative SQLite path lies.

    Raises:
        StoreError: The URL is not understood, the database cannot be opened, or a newer Partwork
            has written it.
    """
    engine = connect(options.url, folder)
    try:
        _migrate(engine)
    except DatabaseError as error:
        raise _told(error) from error
    return Store(engine)


def _migrate(engine: Engine) -> None:
    """Bring the database to HEAD inside one transaction; a half-made upgrade rolls back.

    A file is copied first, to `<file>.<its version>`, for whoever has to go back.
    """
    with engine.connect() as plain:  # a look waits for no writer
        found = _version(plain.execution_options(partwork_begin="DEFERRED"))
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise StoreError(
            f"it is of version {found}, this Partwork knows up to {HEAD}",
            "use the Partwork that wrote it, or restore a backup",
        )
    from alembic import command  # 100 ms that only a new or an old database costs
    from alembic.config import Config

    if found is not None:
        keep_copy(engine, found)
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

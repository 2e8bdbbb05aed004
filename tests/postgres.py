"""A real Postgres for tests, thrown away at the end."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from app.store.embedded import EmbeddedPostgres

MEMORY = Path("/dev/shm")  # noqa: S108 (folders there have random names)
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings for a server whose data nobody will miss."""


@contextmanager
def throwaway_home(*, on_disk: bool = False) -> Generator[Path]:
    """Make a state folder that is in memory, short of path, and open to Postgres' own user."""
    in_memory = MEMORY.is_dir() and not on_disk
    home = Path(tempfile.mkdtemp(prefix="ps-", dir=MEMORY if in_memory else None))
    home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home)


@contextmanager
def throwaway_server(
    settings: Mapping[str, str] = CARELESS, *, on_disk: bool = False
) -> Generator[str]:
    """Start a server and yield its address."""
    with throwaway_home(on_disk=on_disk) as home:
        server = EmbeddedPostgres(home, settings=settings)
        try:
            yield server.start()
        finally:
            server.stop()


def server_pid(home: Path) -> int:
    """Return the process id of the server under a home."""
    return int((home / "postgres/data/postmaster.pid").read_text().split()[0])


def children_of(pid: int) -> list[int]:
    """Return the process ids of a process's children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill_server(home: Path) -> int:
    """Send SIGKILL to the server under a home, and return its pid when it is dead."""
    pid = server_pid(home)
    os.kill(pid, signal.SIGKILL)
    command = Path(f"/proc/{pid}/cmdline")
    while command.exists() and command.read_bytes():
        time.sleep(0.001)
    return pid


def in_database(url: str, name: str) -> str:
    """Return the address of another database on the same server."""
    parts = urlsplit(url)
    return f"postgresql://{parts.netloc}/{name}?{parts.query}"


async def run_sql(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def copy_database(url: str, template: str, name: str) -> str:
    """Make a database that is like another one, and return its address."""
    await run_sql(url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return in_database(url, name)


async def drop_database(url: str, name: str) -> None:
    """Drop a database, also if somebody is still connected to it."""
    await run_sql(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

"""The backup of the embedded Postgres, word for word as the guide tells it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import asyncpg

from app.store.embedded import EmbeddedPostgres
from app.store.embedded.binaries import find_binaries
from tests.postgres import CARELESS, run_sql

GUIDE = (Path(__file__).parents[4] / "docs" / "operating.md").read_text(encoding="utf-8")


def run_as_told(beginning: str, home: Path, folder: Path) -> None:
    """Run the guide's command that begins so."""
    (command,) = re.findall(rf"^{re.escape(beginning)}.*$", GUIDE, re.MULTILINE)
    programs = find_binaries()
    path = f"{programs.prefix}/bin:/usr/bin:/bin"
    environment = {**programs.environment, "PATH": path, "PENSTOCK_HOME": str(home)}
    subprocess.run(["sh", "-c", command], cwd=folder, env=environment, check=True, timeout=60)


async def test_what_was_copied_as_told_can_be_restored(home: Path, tmp_path: Path) -> None:
    server = EmbeddedPostgres(home, settings=CARELESS)
    url = server.start()
    await run_sql(url, "CREATE TABLE kept AS SELECT 42 AS number")
    run_as_told("pg_dump", home, tmp_path)
    server.stop()

    run_as_told("cp -a", home, tmp_path)
    run_as_told("rm -r", home, tmp_path)
    restored = EmbeddedPostgres(home, settings=CARELESS)
    connection = await asyncpg.connect(restored.start(), timeout=10)
    try:
        assert await connection.fetchval("SELECT number FROM kept") == 42
    finally:
        await connection.close()
        restored.stop()
    assert "CREATE TABLE public.kept" in (tmp_path / "penstock.sql").read_text()

"""Run tests on the Postgres that the system's packages installed.

python -m tests.on_system_postgres tests/app/store
"""

from __future__ import annotations

import subprocess
import sys

from app.store.embedded import EmbeddedPostgres
from app.store.embedded.binaries import SYSTEM, binaries_at
from tests.postgres import CARELESS, throwaway_home


def main(arguments: list[str]) -> int:
    """Start the newest one, run pytest on it, and stop it; return pytest's exit status."""
    installed = filter(None, map(binaries_at, SYSTEM.glob("*")))
    newest = max(installed, key=lambda binaries: binaries.major, default=None)
    if newest is None:
        print(f"There is no Postgres under {SYSTEM} (Debian: apt install postgresql).")
        return 1
    with throwaway_home() as home:
        server = EmbeddedPostgres(home, settings=CARELESS, binaries=newest)
        try:
            option = f"--database-url={server.start()}"
            command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.no_skips", option]
            return subprocess.run([*command, *arguments], check=False).returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

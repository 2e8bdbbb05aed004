"""A process that uses an embedded Postgres, for tests that share one or kill somebody.

python -m tests.postgres_user HOME [UID]

With UID it becomes that user first. Each line it reads is done and answered with a line:
`start`, `ensure` and `stop` of `EmbeddedPostgres`, and a `DatabaseError` by its message.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from app.errors import DatabaseError
from app.store.embedded import EmbeddedPostgres
from app.store.embedded.binaries import find_binaries
from app.store.embedded.owner import Owner
from app.store.embedded.place import reachable
from tests.postgres import CARELESS

REPOSITORY = Path(__file__).parent.parent


class OtherProcess:
    """That process, seen from the test."""

    def __init__(self, home: Path, uid: int | None = None) -> None:
        command = [sys.executable, "-m", "tests.postgres_user", str(home)]
        self._process = subprocess.Popen(
            command if uid is None else [*command, str(uid)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.wait(timeout=60)
            self._process.stdout.close()

    def send(self, order: str) -> None:
        """Give an order without waiting for the answer."""
        assert self._process.stdin
        print(order, file=self._process.stdin, flush=True)

    def answer(self) -> str:
        """Wait for the answer to the oldest unanswered order."""
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def do(self, order: str) -> str:
        """Give an order and wait for its answer."""
        self.send(order)
        return self.answer()

    def kill(self) -> None:
        """Send SIGKILL and wait."""
        self._process.kill()
        self._process.wait(timeout=60)


def main(home: str, uid: str | None = None) -> None:
    """Do as told until there is nothing more to read, then leave the server."""
    binaries = find_binaries()
    if uid is not None:
        # While we still may: the checkout can lie where that user cannot go.
        binaries = reachable(binaries, Owner(int(uid), int(uid)), Path(home).parent / "programs")
        os.setgroups([])
        os.setgid(int(uid))
        os.setuid(int(uid))
    server = EmbeddedPostgres(Path(home), settings=CARELESS, binaries=binaries)
    orders = {"start": server.start, "ensure": server.ensure, "stop": server.stop}
    try:
        for line in sys.stdin:
            try:
                answer = str(orders[line.strip()]())
            except DatabaseError as error:
                answer = " ".join(error.message.split())
            sys.stdout.write(f"{answer}\n")
            sys.stdout.flush()
    finally:
        server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

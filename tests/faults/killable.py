"""Things to kill: a Postgres of one's own, and processes whose answers are read to the last line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread
from typing import Self

import psutil

from app.store.embedded import EmbeddedPostgres
from app.store.migrate import upgrade
from tests.postgres import throwaway_home

PATIENCE_S = 60.0
"""Longest wait for anything; a test that needs it has failed."""


def postmaster(home: Path) -> psutil.Process:
    """Return the first process of the embedded Postgres under a state folder."""
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text(encoding="ascii").split()[0]))


class KillablePostgres:
    """A migrated Postgres that keeps what it has committed, whatever is done to it."""

    def __init__(self, home: Path) -> None:
        self._server = EmbeddedPostgres(home)
        self._home = home
        self.url = self._server.start()
        upgrade(self.url)

    @property
    def postmaster(self) -> psutil.Process:
        """Its first process."""
        return postmaster(self._home)

    def kill(self) -> None:
        """Kill the first process with -9; the others notice and end by themselves."""
        first = self.postmaster
        first.kill()
        first.wait(PATIENCE_S)

    def revive(self) -> None:
        """Start it again, and wait until it has recovered."""
        self._server.ensure()

    @contextmanager
    def frozen(self) -> Generator[None]:
        """Stop all its processes without ending them: connections stay, answers do not come."""
        stopped = [self.postmaster, *self.postmaster.children(recursive=True)]
        for process in stopped:
            process.suspend()
        try:
            yield
        finally:
            for process in stopped:
                process.resume()

    def stop(self) -> None:
        """Shut it down in order."""
        self._server.stop()


@contextmanager
def killable_postgres() -> Generator[KillablePostgres]:
    """Start a server in a folder of its own, and remove both at the end."""
    with throwaway_home() as home:
        server = KillablePostgres(home)
        try:
            yield server
        finally:
            server.revive()
            server.stop()


class Program:
    """A Python module in a process of its own, whose output is read line by line.

    It does not outlive the block in which it is used.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.lines: list[str] = []
        self._grown = Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.PIPE,
            cwd=folder,
            env=environment,
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    def wait_for(self, lines: int) -> None:
        """Wait until it has said so much.

        Raises:
            TimeoutError: it has not in time, or it ended before.
        """
        with self._grown:
            if not self._grown.wait_for(lambda: len(self.lines) >= lines, PATIENCE_S):
                raise TimeoutError

    def kill(self) -> list[str]:
        """Kill it with -9, and return all it had said by then."""
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return self.lines

    def terminate(self) -> int:
        """Ask it to end, and return its exit status."""
        self._process.terminate()
        status = self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                if line.endswith(b"\n"):  # else it was killed in the middle of it
                    with self._grown:
                        self.lines.append(line.decode().strip())
                        self._grown.notify_all()

"""A real server of its own for a measurement: own state, own port, ended afterwards."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_S = 180.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is ready."""

    url: str
    key: str
    pid: int
    ready_s: float
    """From the start of the process until it answered that it is ready."""

    def rss_mb(self) -> float:
        """Return the resident memory of the server's process, without Postgres, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1_000 if found else 0.0

    def num_descriptors(self) -> int:
        """Return how many files, sockets and the like the server's process has open."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())


@contextmanager
def served(config: Path) -> Iterator[Served]:
    """Run `penstock serve` with fresh state; the second start is the one that counts.

    The first start makes the database and the index, the way it is on a new machine.
    """
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as home:
        with _running(config, Path(home)):
            pass
        with _running(config, Path(home)) as server:
            yield server


@contextmanager
def _running(config: Path, home: Path) -> Iterator[Served]:
    # Postgres may run as another user than root, and must reach its folder.
    home.chmod(0o755)
    log = (home / "server.log").open("w+", encoding="utf-8")
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "--config", str(config), "serve", "--port", "0"],
        env=_environment(home),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        url = _wait_until_ready(process, Path(log.name), started + START_S)
        ready_s = time.monotonic() - started
        key = (home / "first-key").read_text(encoding="ascii").strip()
        yield Served(url, key, process.pid, ready_s)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.close()


def _environment(home: Path) -> dict[str, str]:
    import os

    return {**os.environ, "PENSTOCK_HOME": str(home), "PYTHONUNBUFFERED": "1"}  # noqa: TID251


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path, until: float) -> str:
    while time.monotonic() < until:
        said = log.read_text(encoding="utf-8")
        if process.poll() is not None:
            raise RuntimeError(f"The server ended at its start:\n{said[-2_000:]}")
        found = re.search(r"answers on (http://\S+)", said)
        if found and httpx.get(f"{found[1]}/readyz").status_code == 200:
            return found[1]
        time.sleep(0.02)
    raise RuntimeError(f"The server was not ready in {START_S:.0f} s; see {log}.")

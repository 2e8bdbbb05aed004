"""Do what the README says, word for word: start the server, ask the first question.

    python3 -m tests.first_answer

Needs nothing but Python's standard library and make, so it also runs where nothing is installed.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
START_TIMEOUT_S = 300
ANSWER_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60
MAKES_OWN = {"ARGS", "EXTRA", "PYTHON", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}


def blocks() -> list[str]:
    """Return the README's shell blocks."""
    return re.findall(
        r"^```sh\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@contextmanager
def started(home: Path, port: int) -> Generator[float]:
    """Run the README's first block; yield how many seconds it took until the server answered."""
    begun = time.monotonic()
    with subprocess.Popen(
        ["bash", "-c", blocks()[0]],
        cwd=ROOT,
        env=_environment(home, port),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        try:
            _wait_for_greeting(server)
            yield time.monotonic() - begun
        finally:
            _stop(server)


def ask(block: str, home: Path, port: int) -> str:
    """Run one of the README's questions against the server that was started."""
    command = block.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("var/", f"{home}/")
    asked = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=ROOT,
        env=_environment(home, port),
        capture_output=True,
        text=True,
        timeout=ANSWER_TIMEOUT_S,
    )
    if asked.returncode:
        raise RuntimeError(f"it failed:\n{command}\n{asked.stdout}{asked.stderr}")
    return asked.stdout


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(home: Path, port: int) -> dict[str, str]:
    """Return what a reader's shell has; a make that runs this would hand its own words on."""
    mine = {name: value for name, value in os.environ.items() if name not in MAKES_OWN}  # noqa: TID251
    return {**mine, "PENSTOCK_HOME": str(home), "PENSTOCK_PORT": str(port)}


def _wait_for_greeting(server: subprocess.Popen[str]) -> None:
    assert server.stdout is not None
    timer = threading.Timer(START_TIMEOUT_S, os.killpg, (server.pid, signal.SIGKILL))
    timer.start()
    try:
        for line in server.stdout:
            sys.stdout.write(f"  {line}")
            if line.startswith("Penstock answers on"):
                return
    finally:
        timer.cancel()
    raise RuntimeError("the server did not start")


def _stop(server: subprocess.Popen[str]) -> None:
    """End make and the server, and wait for the last process of them."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    while time.monotonic() < deadline:
        server.poll()
        try:
            os.killpg(server.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(server.pid, signal.SIGKILL)
    raise RuntimeError("the server did not end")


def main() -> int:
    """Start, ask, and tell how long it took; return the exit status."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "var"
        with started(home, port) as ready_s:
            answer: dict[str, Any] = json.loads(ask(blocks()[1], home, port))
    sources = [citation["source"] for citation in answer["citations"]]
    sys.stdout.write(f"Ready after {ready_s:.0f} s. {answer['completion']!r} from {sources}\n")
    return 0 if answer["outcome"] == "completed" and sources else 1


if __name__ == "__main__":
    sys.exit(main())

"""`penstock serve` as an operator runs it: a process with settings, small bundles and a log."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil

from tests.bundles import write_decoder, write_embedder, write_reader
from tests.http import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "What do gates hold?"
SOURCE = "# Gates\n\nGates hold water. Pipes carry it to the turbine.\n"
SETTINGS = """
models = ["recital"]
sources = ["sources"]

[[chain]]
id = "blocklist"
filter = "keyword"
stage = "input"
action = "block"
options = { words = ["dynamite"] }

[[chain]]
id = "search"
filter = "retrieval"
stage = "input"
options = { limit = 4 }

[[chain]]
id = "slow"
filter = "pause"
stage = "output"
deadline_ms = 600_000
"""
PAUSE = '''
import asyncio, re
from filters import Filter, Unit

class Pause(Filter):
    """Take the time that the prompt names before some sentences."""

    unit = Unit.sentence()

    async def check(self, item):
        wanted = re.search(r"pause ([0-9.]+)", item.context.question)
        if wanted and {pauses}:
            await asyncio.sleep(float(wanted[1]))
'''


def prepare(folder: Path) -> None:
    """Write settings, a source, bundles that answer and recite, and an installed filter."""
    models = folder / "models"
    write_embedder(models, texts=[QUESTION, SOURCE])
    write_reader(models, texts=[QUESTION, SOURCE], max_tokens=128)
    write_decoder(models, [b"One. ", b"Two. ", b"Three."], name="recital")
    furnish(folder, SETTINGS, pauses="item.start")


def furnish(folder: Path, settings: str, *, pauses: str) -> None:
    """Write settings, a source and an installed filter that pauses where this expression is true."""
    (folder / "sources").mkdir()
    (folder / "sources" / "gates.md").write_text(SOURCE, encoding="utf-8")
    (folder / "penstock.toml").write_text(settings, encoding="utf-8")
    installed = folder / "site" / "pause-1.dist-info"
    installed.mkdir(parents=True)
    (folder / "site" / "pause.py").write_text(PAUSE.replace("{pauses}", pauses), encoding="utf-8")
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: pause\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[penstock.filters]\npause = pause:Pause\n")


class Serving:
    """One running server."""

    def __init__(self, folder: Path, home: Path, **settings: str) -> None:
        self.home = home
        run = uuid4().hex
        self._output, self._log = folder / f"{run}.out", folder / f"{run}.err"
        chosen = {
            "PENSTOCK_HOME": str(home),
            "PENSTOCK_PORT": "0",
            "PYTHONPATH": f"{ROOT}:{folder}/site",
        }
        chosen |= {f"PENSTOCK_{name.upper()}": value for name, value in settings.items()}
        inherited = {
            name: value
            for name, value in os.environ.items()  # noqa: TID251 - of the server, not of ours
            if not name.startswith("PENSTOCK_")
        }
        with self._output.open("wb") as output, self._log.open("wb") as log:
            self.process = psutil.Popen(
                [sys.executable, "-m", "app", "serve"],
                cwd=folder,
                env=inherited | chosen,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
            )

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self._output.read_text(encoding="utf-8")

    @property
    def log(self) -> str:
        """What it logged so far."""
        return self._log.read_text(encoding="utf-8")

    @property
    def events(self) -> list[dict[str, Any]]:
        """The log's events."""
        return [json.loads(line) for line in self.log.splitlines()]

    @property
    def address(self) -> str:
        """Where it listens."""
        return str(re.findall(r"answers on (http://\S+)", self.output)[0])

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.address.rpartition(":")[2])

    @property
    def key(self) -> str:
        """The first key."""
        return (self.home / "first-key").read_text(encoding="ascii").strip()

    def client(self) -> httpx.AsyncClient:
        """Return a client with the first key."""
        headers = {"authorization": f"Bearer {self.key}"}
        return httpx.AsyncClient(base_url=self.address, headers=headers, timeout=PATIENCE_S)

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def ready(self) -> None:
        """Wait until it greets; fails at once if it ended."""
        await until(lambda: "Ctrl-C" in self.output or self.process.poll() is not None)
        assert self.process.poll() is None, self.log

    async def ended(self) -> int:
        """Wait for its end and return its exit status."""
        return int(await asyncio.to_thread(self.process.wait, PATIENCE_S))


@asynccontextmanager
async def serving(folder: Path, home: Path, **settings: str) -> AsyncGenerator[Serving]:
    """Run a server until the end of the block, and see that nothing of it is left."""
    server = Serving(folder, home, **settings)
    try:
        await server.ready()
        children = server.process.children(recursive=True)
        yield server
        if server.process.poll() is None:
            server.signal()
            assert await server.ended() == 0, server.log
        _, alive = await asyncio.to_thread(psutil.wait_procs, children, PATIENCE_S)
        assert alive == []
    finally:
        if server.process.poll() is None:
            server.process.kill()
            await server.ended()

"""A server for other people's clients: a process with models that are known by heart."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx

from tests.bundles import write_decoder, write_embedder, write_reader
from tests.http import PATIENCE_S
from tests.integration.serving import QUESTION, ROOT, SOURCE, Serving, furnish

SETTINGS = """
model = "recital"
models = ["alphabet", "answer", "noise", "poem", "villain"]
sources = ["sources"]

[limits]
concurrent_requests = 1
request_s = 5.0
body_bytes = 100_000

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
id = "manners"
filter = "keyword"
stage = "output"
action = "block"
options = { words = ["evil"] }

[[chain]]
id = "slow"
filter = "pause"
stage = "output"
deadline_ms = 600_000
"""
TEMPLATE = "{% for message in messages %}<|turn|>{{ message.content }}{% endfor %}<|start|>"
WRITTEN = "One. Two. Three."
LETTERS = "abcd"
"""What a prompt ends with is continued with the letters behind it."""
LINES = [f"Line {number}. ".encode() for number in range(1, 101)]
"""More than comes in one piece: the first of them are released while the last are written."""


def prepare(folder: Path, settings: str = SETTINGS) -> None:
    """Write settings, a source and bundles: answers, recitals, an alphabet, noise, and evil."""
    models = folder / "models"
    write_embedder(models, texts=[QUESTION, SOURCE])
    write_reader(models, texts=[QUESTION, SOURCE], max_tokens=128)
    writes = partial(write_decoder, models, max_tokens=128, prompt_template=TEMPLATE)
    writes([b"One. ", b"Two. ", b"Three."], name="recital")
    writes(LINES, name="poem")
    writes([*LINES, b"All evil."], name="villain")
    writes([letter.encode() for letter in LETTERS], name="alphabet")
    writes(name="noise")
    furnish(folder, settings, pauses='"51" in item.text')


@contextmanager
def serving(folder: Path, home: Path) -> Generator[Serving]:
    """Run a server until the end of the block."""
    server = Serving(folder, home)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while "Ctrl-C" not in server.output:
            assert server.process.poll() is None, server.log
            assert time.monotonic() < deadline, server.log
            time.sleep(0.01)
        yield server
        server.signal()
        assert server.process.wait(PATIENCE_S) == 0, server.log
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait(PATIENCE_S)


def make_key(server: Serving, folder: Path, scope: str) -> str:
    """Make a further key, as an operator does while the server runs, and wait until it counts."""
    made = subprocess.run(
        [sys.executable, "-m", "app", "keys", "create", "--name", scope, "--scope", scope],
        cwd=folder,
        env={"PENSTOCK_HOME": str(server.home), "PYTHONPATH": f"{ROOT}:{folder}/site"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    key = made.stdout.strip()
    deadline = time.monotonic() + PATIENCE_S
    while httpx.get(f"{server.address}/version", headers={"x-api-key": key}).status_code == 401:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.05)
    return key

"""The real server with small bundles: `penstock serve` in a process of its own, and its clients."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from tests.bundles import write_classifier, write_decoder, write_embedder
from tests.faults.killable import Program

SETTINGS = """
model = "writer"
log_level = "error"

[recorder]
segment_bytes = 100000

[[chain]]
id = "words"
filter = "keyword"
stage = "input"
action = "block"
options = { words = ["dynamite"] }

[[chain]]
id = "insults"
filter = "toxicity"
stage = "output"
action = "block"
options = { labels = ["insult"] }
"""
ANSWER = "A gate and a pipe."


@dataclass(frozen=True)
class Place:
    """Where servers find their settings and bundles, and keep their state."""

    folder: Path
    home: Path

    @classmethod
    def prepare(cls, folder: Path, home: Path) -> Self:
        """Write the settings and the bundles."""
        models = folder / "models"
        write_embedder(models)
        write_classifier(models, {"insult": ["idiot", "stupid", "worthless", "hates"]})
        write_decoder(models, [b"A gate", b" and", b" a pipe."])
        (folder / "penstock.toml").write_text(SETTINGS, encoding="utf-8")
        return cls(folder, home)

    def start(self) -> Program:
        """Start a server on a free port, without waiting for it."""
        chosen = {"PENSTOCK_HOME": str(self.home), "PENSTOCK_PORT": "0"}
        environment = {
            name: value
            for name, value in os.environ.items()  # noqa: TID251 - of the server, not of ours
            if not name.startswith("PENSTOCK_")
        }
        return Program("app", "serve", folder=self.folder, environment=environment | chosen)

    @property
    def key(self) -> str:
        """The first key; there once a server has been ready."""
        return (self.home / "first-key").read_text(encoding="ascii").strip()


def address(server: Program) -> str:
    """Wait until a server is ready, and return its address."""
    server.wait_for(1)
    return server.lines[0].split()[-1]


async def ask_on(client: httpx.AsyncClient, number: int, answered: set[str]) -> None:
    """Ask one question after the other until the server is gone, and note each answer's id.

    Some want a stream: its id counts once its last event is there.
    """
    stream = number % 4 == 0
    word = "dynamite" if number % 3 == 0 else "penstock"
    question = {"prompt": f"What is a {word}? \0 {number}", "stream": stream}
    while True:
        try:
            response = await client.post("/infer", json=question)
        except httpx.TransportError:
            return
        assert response.status_code == 200, response.text
        content = response.text.rpartition("event: done\ndata: ")[2] if stream else response.text
        answer = json.loads(content)
        assert answer["completion"] == ("" if word == "dynamite" else ANSWER)
        answered.add(answer["id"])

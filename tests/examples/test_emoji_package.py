"""The example of a package is installed like any other, is found, and guards a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bundles import write_decoder, write_embedder, write_reader
from tests.integration.serving import QUESTION, ROOT, SOURCE, furnish, serving

EXAMPLE = ROOT / "examples" / "penstock-emoji"
SETTINGS = """
models = ["recital"]
sources = ["sources"]

[[chain]]
id = "no-emoji"
filter = "emoji"
stage = "input"
action = "rewrite"
options = { allowed = ["🙂"], replacement = "(emoji)" }

[[chain]]
id = "few-emoji"
filter = "emoji"
stage = "input"
action = "block"
options = { most = 2 }
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's folder, with the package installed into its folder `site`."""
    folder = tmp_path_factory.mktemp("place")
    models = folder / "models"
    write_embedder(models, texts=[QUESTION, SOURCE])
    write_reader(models, texts=[QUESTION, SOURCE], max_tokens=128)
    write_decoder(models, [b"Well done."], name="recital")
    furnish(folder, SETTINGS, pauses="False")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--upgrade"]
    run("pip", "install", *options, "--target", str(folder / "site"), str(EXAMPLE), cwd=folder)
    return folder


def run(*command: str, cwd: Path, site: Path = ROOT) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{site}"},  # noqa: TID251 - of the command
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_filter_is_listed_with_where_it_comes_from(place: Path) -> None:
    listed = json.loads(run("app", "filters", "list", "--json", cwd=place, site=place / "site"))
    [emoji] = [one for one in listed if one["name"] == "emoji"]

    assert emoji["from"] == "penstock-emoji 0.1.0"
    assert [option["name"] for option in emoji["options"]] == ["allowed", "most", "replacement"]


def test_its_filter_is_tried_as_the_chain_has_it(place: Path) -> None:
    arguments = ("filters", "try", "no-emoji", "Nice 👍🏽 🙂", "--json")
    found = json.loads(run("app", *arguments, cwd=place, site=place / "site"))

    assert found["released"] == "Nice (emoji) 🙂"


async def test_a_server_guards_with_it(place: Path, tmp_path: Path) -> None:
    async with serving(place, tmp_path / "home") as server, server.client() as client:
        blocked = (
            await client.post("/infer", json={"prompt": "🙂🙂🙂", "model": "recital"})
        ).json()
        answered = (
            await client.post("/infer", json={"prompt": "Hi 👋", "model": "recital"})
        ).json()

    assert blocked["outcome"] == "blocked"
    assert answered["outcome"] == "rewritten"
    assert answered["verdicts"][0]["filter"] == "emoji"

"""F17 to F19 over HTTP: one client's worst text costs the others nothing, and no process is left."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import httpx
import psutil
import pytest

from tests.bundles import write_decoder, write_embedder, write_reader
from tests.http import PATIENCE_S, until
from tests.integration.serving import QUESTION, SOURCE, Serving, furnish, serving

pytestmark = [pytest.mark.fault, pytest.mark.slow]

SETTINGS = """
models = ["recital"]

[[chain]]
id = "faulty"
filter = "faulty"
stage = "input"
action = "block"
deadline_ms = 1500
processes = 2
breaker_failures = 0
"""
WORDS = """
[[chain]]
id = "words"
filter = "keyword"
stage = "input"
action = "block"
options = { words = ["dynamite"] }
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with settings, bundles and an installed filter that breaks as it is told."""
    write_embedder(tmp_path / "models", texts=[QUESTION, SOURCE])
    write_reader(tmp_path / "models", texts=[QUESTION, SOURCE], max_tokens=128)
    write_decoder(tmp_path / "models", [b"One. ", b"Two."], name="recital")
    furnish(tmp_path, SETTINGS, pauses="False")
    installed = tmp_path / "site" / "faulty-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(
        "[penstock.filters]\nfaulty = tests.faults.faulty_filters:FaultyElsewhere\n"
    )
    return tmp_path


async def ask(client: httpx.AsyncClient, prompt: str) -> tuple[int, str]:
    """Return the status, and what was answered or what went wrong."""
    reply = await client.post("/infer", json={"prompt": prompt, "model": "recital"})
    body = reply.json()
    return reply.status_code, body["error"]["code"] if "error" in body else body["outcome"]


def filters_of(server: Serving) -> list[psutil.Process]:
    children = server.process.children(recursive=True)
    return [one for one in children if "app.chain.isolation" in " ".join(one.cmdline())]


@pytest.mark.parametrize("fault", ["HOLDS", "ENDS", "SEGFAULTS"])
async def test_one_bad_text_is_one_error_and_the_others_are_answered(
    place: Path, home: Path, database_url: str, fault: str
) -> None:
    async with (
        serving(place, home, database_url=database_url) as server,
        server.client() as client,
    ):
        assert len(filters_of(server)) == 2
        async with asyncio.TaskGroup() as group:
            bad = group.create_task(ask(client, fault))
            good = [group.create_task(ask(client, f"Text {n}.")) for n in range(8)]
        evil = await ask(client, "So evil.")
        live = await client.get("/livez")
        await until(lambda: len(filters_of(server)) == 2)
        metrics = (await client.get("/metrics")).text

    assert bad.result() == (503, "filter_failed")
    assert [task.result() for task in good] == [(200, "completed")] * 8
    assert (evil, live.status_code) == ((200, "blocked"), 200)
    assert 'penstock_filter_restarts{filter="faulty"} 1.0' in metrics


async def test_a_killed_server_leaves_no_filter_behind(
    place: Path, home: Path, database_url: str
) -> None:
    async with (
        serving(place, home, database_url=database_url) as server,
        server.client() as client,
        asyncio.TaskGroup() as group,
    ):
        left = filters_of(server)
        group.create_task(cut_off(client, "HOLDS"))
        await until(lambda: any(one.status() == psutil.STATUS_RUNNING for one in left))
        server.signal(signal.SIGKILL)
        await server.ended()
        _, alive = await asyncio.to_thread(psutil.wait_procs, left, PATIENCE_S)

    assert (len(left), alive) == (2, [])


async def cut_off(client: httpx.AsyncClient, prompt: str) -> None:
    with pytest.raises(httpx.TransportError):
        await ask(client, prompt)


async def test_a_hangup_puts_the_new_chain_in_force(
    place: Path, home: Path, database_url: str
) -> None:
    file = place / "penstock.toml"
    async with (
        serving(place, home, database_url=database_url) as server,
        server.client() as client,
    ):
        before = await ask(client, "Some dynamite.")
        old = filters_of(server)
        file.write_text('models = ["recital"]\n' + WORDS, encoding="utf-8")
        server.signal(signal.SIGHUP)
        await until(lambda: '"chain_loaded"' in server.log)
        after = await ask(client, "Some dynamite.")
        _, alive = await asyncio.to_thread(psutil.wait_procs, old, PATIENCE_S)

        file.write_text('models = ["recital"]\n' + WORDS.replace("words =", "wrods ="), "utf-8")
        refused = await client.post("/filters/reload")
        still = await ask(client, "Some dynamite.")

    assert (before, after, still) == ((200, "completed"), (200, "blocked"), (200, "blocked"))
    assert alive == []
    assert refused.status_code == 409
    assert refused.json()["error"]["message"].startswith("penstock.toml:3: filter 'words'")

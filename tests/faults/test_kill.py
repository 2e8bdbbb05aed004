"""The promise itself: what was answered is in Postgres, once, whatever was killed meanwhile."""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.recorder import Recorder
from tests.faults.killable import KillablePostgres, Program
from tests.faults.recording_program import CLIENTS
from tests.faults.stored import Stored, digests
from tests.recording import eventually, opener, small_settings

WORKERS = 3
ROUNDS = 7
POSTGRES_LIVES_IN = (0,)
"""In all other rounds it is killed, too."""
SAMPLE = 100

pytestmark = [pytest.mark.fault, pytest.mark.slow]


def play_round(
    n: int, folder: Path, postgres: KillablePostgres, chance: random.Random
) -> list[str]:
    """Let workers record, kill them and perhaps Postgres, and return what they said."""
    program = ("tests.faults.recording_program", str(folder), postgres.url)
    with ExitStack() as living:
        workers = [living.enter_context(Program(*program)) for _ in range(WORKERS)]
        for worker in workers:
            worker.wait_for(chance.randint(1, 150))
        if n not in POSTGRES_LIVES_IN:
            postgres.kill()
            workers[0].wait_for(len(workers[0].lines) + chance.randint(1, 60))
        if n % 2:  # else the workers die while it is down
            postgres.revive()
            workers[1].wait_for(len(workers[1].lines) + chance.randint(1, 100))
    postgres.revive()
    return [line for worker in workers for line in worker.lines]


async def drain_the_rest(folder: Path, url: str) -> None:
    """Start a recorder once more, as the server's next start would."""
    recorder = Recorder(folder, small_settings(), opener(url))
    await recorder.start()
    await eventually(lambda: not recorder.pending_bytes)
    await recorder.close()


def test_every_answered_exchange_is_stored_exactly_once(
    tmp_path: Path, killable: KillablePostgres
) -> None:
    chance = random.Random(20261123)  # noqa: S311 - the same kills in every run
    answered: dict[str, str] = {}

    for n in range(ROUNDS):
        for line in play_round(n, tmp_path, killable, chance):
            exchange_id, digest = line.split()
            answered[exchange_id] = digest
    asyncio.run(drain_the_rest(tmp_path, killable.url))

    stored = asyncio.run(Stored.read(killable.url))
    stored.check(set(answered), unanswered=ROUNDS * WORKERS * CLIENTS)
    assert stored.judged == set(stored.exchanges)
    assert len(answered) > ROUNDS * WORKERS
    sample = chance.sample(sorted(answered), min(SAMPLE, len(answered)))
    assert asyncio.run(digests(killable.url, sample)) == [answered[name] for name in sample]
    assert os.listdir(tmp_path) == []

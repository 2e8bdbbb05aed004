"""The training loop: killed at any moment, it ends with the same weights."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
import torch

from scripts.training.checkpoint import CheckpointFolder
from scripts.training.examples import Batch
from scripts.training.loop import Diverged
from tests.scripts.tiny_run import STEPS, TinyTask, finish, new_run

pytestmark = pytest.mark.train
KILLS = 4
PROGRAM = (sys.executable, "-m", "tests.scripts.tiny_run")


def _life(folder: Path, num_steps: int, pause_s: float = 0.0) -> tuple[int, str | None]:
    """Run the program, killed so long after so many steps; return its first step and result."""
    with subprocess.Popen((*PROGRAM, str(folder)), stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        begun = next(line for line in program.stdout if line.startswith("begins"))
        steps = (line for line in program.stdout if line.startswith(("step", "{")))
        last = list(islice(steps, num_steps))[-1]
        time.sleep(pause_s)
        program.kill()
    return int(begun.split()[-1]), json.loads(last)["sha256"] if last.startswith("{") else None


@pytest.mark.fault
@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole = finish(new_run(), tmp_path)
    chance = random.Random(20)  # noqa: S311  the same moments every time
    folder = tmp_path / "killed"

    lives = [
        _life(folder, chance.randint(1, STEPS // 2 // KILLS), chance.uniform(0, 0.02))
        for _ in range(KILLS)
    ]
    begun = [first for first, _ in lives]
    last, result = _life(folder, STEPS + 1)

    assert [result for _, result in lives] == [None] * KILLS
    assert result == whole
    assert begun == sorted(begun)
    assert 0 == begun[0] < last < STEPS


def test_a_resumed_run_takes_the_same_steps_as_an_undisturbed_one(tmp_path: Path) -> None:
    whole = new_run(30)
    whole.train(CheckpointFolder(tmp_path / "whole"), every=10, report=lambda _: None)
    cut = new_run(30)
    cut.train(CheckpointFolder(tmp_path / "cut", keep=9), every=7, report=lambda _: None)
    resumed = new_run(30)
    resumed.resume(CheckpointFolder(tmp_path / "cut").read(14))

    resumed.train(CheckpointFolder(tmp_path / "resumed"), every=30, report=lambda _: None)

    assert resumed.progress.losses == whole.progress.losses
    for name, weights in whole.network.state_dict().items():
        assert torch.equal(weights, resumed.network.state_dict()[name])


def test_the_loss_falls(tmp_path: Path) -> None:
    run = new_run(60)

    run.train(CheckpointFolder(tmp_path), every=60, report=lambda _: None)

    assert sum(run.progress.losses[-10:]) < 0.8 * sum(run.progress.losses[:10])


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    class Broken(TinyTask):
        def loss(self, outputs: object, batch: Batch) -> torch.Tensor:
            return super().loss(outputs, batch) / 0

    run = new_run()
    run.task = Broken()

    with pytest.raises(Diverged, match="step 0"):
        run.train(CheckpointFolder(tmp_path), every=5, report=lambda _: None)
    assert CheckpointFolder(tmp_path).steps() == []


def test_measuring_the_cost_of_a_step_learns_nothing() -> None:
    run = new_run()
    before = {name: tensor.clone() for name, tensor in run.network.state_dict().items()}

    assert run.seconds_per_token(500) > 0

    for name, weights in before.items():
        assert torch.equal(weights, run.network.state_dict()[name])
    assert all(p.grad is None for p in run.network.parameters())

"""Checkpoints: what is damaged is passed over, what is whole survives everything."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.training.checkpoint import CheckpointFolder
from scripts.training.loop import Run
from tests.scripts.tiny_run import finish, new_run

pytestmark = pytest.mark.train
STEPS = 16


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run that was stopped at step 12, with checkpoints of 8 and 12."""
    run = new_run(12)
    run.train(CheckpointFolder(tmp_path), every=4, report=lambda _: None)
    assert CheckpointFolder(tmp_path).steps() == [8, 12]
    return tmp_path


def _newest_step(folder: Path) -> tuple[int, list[str]]:
    said: list[str] = []
    newest = CheckpointFolder(folder).newest(said.append)
    return (newest.step if newest else 0), said


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [_truncate, _flip_a_bit, Path.unlink])
@pytest.mark.parametrize(
    "file", ["model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"]
)
def test_a_damaged_newest_checkpoint_is_passed_over(
    run_folder: Path, file: str, damage: Callable[[Path], None]
) -> None:
    damage(run_folder / "00000012" / file)

    step, said = _newest_step(run_folder)

    assert step == 8
    assert len(said) == 1
    assert "passed over checkpoint 12" in said[0]


def test_when_all_are_damaged_the_run_begins_anew(run_folder: Path) -> None:
    for name in ("00000008", "00000012"):
        _flip_a_bit(run_folder / name / "model.safetensors")

    step, said = _newest_step(run_folder)

    assert step == 0
    assert len(said) == 2


def test_a_damaged_checkpoint_is_written_anew_when_the_run_comes_by(
    run_folder: Path, tmp_path: Path
) -> None:
    _flip_a_bit(run_folder / "00000012" / "optimizer.safetensors")
    run = new_run(12)
    newest = CheckpointFolder(run_folder).newest(lambda _: None)
    assert newest
    run.resume(newest)

    run.train(CheckpointFolder(run_folder), every=4, report=lambda _: None)

    assert _newest_step(run_folder) == (12, [])


def test_what_a_killed_writer_left_is_deleted(run_folder: Path) -> None:
    unfinished = run_folder / ".tmp-00000016-4711"
    unfinished.mkdir()
    (unfinished / "model.safetensors").write_bytes(b"torn")

    step, said = _newest_step(run_folder)

    assert step == 12
    assert said == ["deleted .tmp-00000016-4711, which was not finished"]
    assert not unfinished.exists()


def test_the_last_ones_and_the_best_one_are_kept(tmp_path: Path) -> None:
    run = new_run(8)
    folder = CheckpointFolder(tmp_path, keep=2)
    run.progress.validation = [(2, 0.0001)]

    run.train(folder, every=2, report=lambda _: None)

    assert folder.steps() == [2, 6, 8]


@contextmanager
def _disk_that_takes(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, kept)


def _stop_at_8(run: Run) -> None:
    if run.step == 8:
        raise KeyboardInterrupt


@pytest.mark.fault
def test_a_full_disk_costs_no_checkpoint_and_the_run_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    (tmp_path / "whole").mkdir()
    whole = finish(new_run(STEPS), tmp_path / "whole")
    folder = CheckpointFolder(tmp_path / "run" / "checkpoints")
    with pytest.raises(KeyboardInterrupt):
        new_run(STEPS).train(folder, every=4, report=_stop_at_8)
    starved = new_run(STEPS)
    starved.resume(folder.read(8))

    with _disk_that_takes(1_000), pytest.raises(Exception, match=r"(?i)file too large"):
        starved.train(folder, every=4, report=lambda _: None)

    assert folder.steps() == [4, 8]
    assert not list((tmp_path / "run" / "checkpoints").glob(".tmp-*"))
    resumed = new_run(STEPS)
    resumed.resume(folder.read(8))
    assert finish(resumed, tmp_path / "run") == whole

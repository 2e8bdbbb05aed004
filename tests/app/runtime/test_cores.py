"""How many cores a process may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.runtime.cores import may_overflow, num_threads, usable_cores


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("150000 100000\n", 2),
        ("50000 100000\n", 1),
        ("800000 100000\n", 4),
        ("max 100000\n", 4),
        ("nonsense", 4),
    ],
)
def test_a_container_quota_bounds_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    (tmp_path / "cpu.max").write_text(quota)

    assert usable_cores(tmp_path / "cpu.max") == cores


def test_without_a_quota_the_scheduling_mask_counts(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "missing") == len(os.sched_getaffinity(0))


def test_the_setting_wins_and_zero_means_one_a_core() -> None:
    assert num_threads(3) == 3
    assert num_threads(0) == usable_cores()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu sse avx2", True), ("avx512_vnni", False), ("avx2 avx_vnni rdpid", False), ("", True)],
)
def test_bytes_may_overflow_without_vnni(tmp_path: Path, flags: str, *, expected: bool) -> None:
    cpu = tmp_path / "cpuinfo"
    cpu.write_text(f"processor : 0\nflags : {flags}\n")

    assert may_overflow(cpu) is expected


def test_an_unknown_processor_may_overflow(tmp_path: Path) -> None:
    assert may_overflow(tmp_path / "missing")

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scripts.benchmarks.engines import process as process_module
from scripts.benchmarks.engines.contenders import OWN, Contender
from scripts.benchmarks.engines.process import Absent, Process
from scripts.benchmarks.peers.child import Asked
from tests.counting_writer import PREPARING_S

COUNTING = Contender(OWN, "fp32", 32, 32, 4, "bundle", "tests.counting_writer")
ASKED = [Asked("one", [1, 2]), Asked("two", [3])]


@pytest.fixture
def process() -> Iterator[Process]:
    with Process(COUNTING, Path("fine"), 1, patience_s=20) as opened:
        yield opened


def test_each_token_has_its_time_and_what_libraries_print_disturbs_nothing(
    process: Process,
) -> None:
    written = process.write(ASKED, 5)

    assert [len(times) for times in written.times] == [5, 5]
    assert all(times == sorted(times) for times in written.times)
    assert max(times[-1] for times in written.times) < PREPARING_S
    assert process.rss_mb > 5
    assert written.peak_rss_mb >= process.rss_mb * 0.5


def wait_until_stopped(child: psutil.Process) -> None:
    """A signal takes a moment to arrive."""
    end = time.monotonic() + 20
    while child.status() != psutil.STATUS_STOPPED:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_process_stands_still_between_its_turns(process: Process) -> None:
    (child,) = (
        one for one in psutil.Process().children() if "tests.counting_writer" in one.cmdline()
    )
    wait_until_stopped(child)

    process.write(ASKED, 1)
    wait_until_stopped(child)


def test_a_failure_is_told_and_the_process_goes_on(process: Process) -> None:
    with pytest.raises(Absent, match="RuntimeError: there is no room"):
        process.write([Asked("fail", [1])], 1)
    assert process.write(ASKED, 1).times


def test_nobody_waits_for_ever() -> None:
    with (
        Process(COUNTING, Path("fine"), 1, patience_s=0.3) as process,
        pytest.raises(Absent, match="no answer"),
    ):
        process.write([Asked("hang", [1])], 1)


@pytest.mark.parametrize(
    ("model", "reason"),
    [("missing", "some_engine is not installed"), ("broken", "this file is no model")],
)
def test_what_cannot_be_opened_says_why(model: str, reason: str) -> None:
    with pytest.raises(Absent, match=reason):
        Process(COUNTING, Path(model), 1)


def test_peers_that_are_not_installed_are_absent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process_module, "PEER_PYTHON", tmp_path / "python")
    peer = Contender("llama.cpp", "Q4_0", 4, 4.5, 2, "gguf", "tests.counting_writer")

    with pytest.raises(Absent, match="peers install"):
        Process(peer, tmp_path, 1)

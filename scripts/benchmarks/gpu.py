"""The engine on an NVIDIA GPU: where it runs, whether it says the same, how fast it is.

scripts/bench_gpu.sh
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.bundles import load_bundle
from app.errors import StartupError
from app.runtime import expects_gpu
from app.settings import RuntimeSettings
from scripts.benchmarks import gpu_equality as equality
from scripts.benchmarks import gpu_speed as speed
from scripts.benchmarks.engines.models import VERSION, Models
from scripts.benchmarks.engines.process import Absent
from scripts.benchmarks.engines.prompts import Prompts
from scripts.benchmarks.gpu_checks import Check

MODEL = "m135"
NO_GPU = "There is no NVIDIA GPU that ONNX Runtime can use here: nothing was measured."
NO_TESTS = 5
"""pytest's exit status."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("prepare", "run"), default="run")
    parser.add_argument("--folder", type=Path, default=Path("var/bench"))
    parser.add_argument("--json", type=Path, help="write what was found to a file as well")
    options = parser.parse_args(arguments)
    console = Console()
    if options.what == "run" and not expects_gpu(RuntimeSettings()):
        console.print(NO_GPU)
        return 3
    models = Models(options.folder, console.log)
    try:
        bundles = {name: models.path(speed.own(name), MODEL) for name in speed.PRECISIONS}
    except Absent as error:
        console.print(f"The models could not be made: {error}")
        return 1
    if options.what == "prepare":
        console.print(f"the models are in {options.folder}")
        return 0
    try:
        checks = _run(console, bundles, options.folder, models.prompts(MODEL))
    except StartupError:
        console.print(NO_GPU)
        return 3
    _report(console, checks, options.json)
    return 1 if any(check.is_well is False for check in checks) else 0


def _run(console: Console, bundles: dict[str, Path], folder: Path, prompts: Prompts) -> list[Check]:
    """Return what was found, and tell of each check when it is done.

    Raises:
        StartupError: there is no GPU.
    """
    checks = []
    for check in _checks(bundles, folder / "checkpoints" / MODEL, prompts):
        console.log(f"{check.name}: {check.found}")
        checks.append(check)
    return checks


def _checks(bundles: dict[str, Path], checkpoint: Path, prompts: Prompts) -> Iterator[Check]:
    for precision, path in bundles.items():
        bundle = load_bundle(path.parent.parent, f"{path.parent.name}@{VERSION}")
        yield from equality.checks(precision, bundle, prompts)
    for precision, path in bundles.items():
        for graphs in speed.CUDA_GRAPHS:
            yield from speed.checks(speed.own(precision), path, prompts, graphs)
    yield from speed.checks(speed.PEER, checkpoint, prompts)
    yield _tests()


def _tests() -> Check:
    if find_spec("pytest") is None:
        return Check("tests marked gpu", "pytest is not installed", None)
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    last = (done.stdout.strip().splitlines() or ["nothing said"])[-1]
    # Where no test is marked there is nothing to judge.
    is_well = None if done.returncode == NO_TESTS else done.returncode == 0
    return Check("tests marked gpu", last, is_well)


def _report(console: Console, checks: Sequence[Check], file: Path | None) -> None:
    words = {True: "well", False: "NOT WELL", None: ""}
    table = Table("check", "found", "")
    for check in checks:
        table.add_row(check.name, check.found, words[check.is_well])
    console.print(table)
    told = json.dumps([asdict(check) for check in checks], indent=1)
    print(told)
    if file:
        file.write_text(told + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""Every example's own tests are run, and would be missed if they were not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_its_own_tests_pass(example: Path) -> None:
    done = own_tests(example)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^[1-9]\d* passed in ", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_its_own_tests_notice_a_filter_that_finds_nothing(example: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(example, tmp_path / example.name)
    [module] = copied.glob("penstock_*/__init__.py")
    code = module.read_text(encoding="utf-8")
    module.write_text(
        re.sub(
            r"^(    async def check\(.*\n)", r"\1        return None\n", code, flags=re.MULTILINE
        )
    )
    done = own_tests(copied)

    assert done.returncode == 1, done.stdout + done.stderr
    assert " failed" in done.stdout


def own_tests(example: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=example,
        env=os.environ | {"PYTHONPATH": str(ROOT)},  # noqa: TID251 - of the command
        capture_output=True,
        text=True,
        timeout=120,
    )

"""See that the tests left no process behind.

python -m tests.leftovers 1795392000    (the second in which the tests began)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

MARKS = (str(Path(__file__).parent.parent), "postgres", "chrom")


def leftovers(since: float) -> Iterator[str]:
    """Yield the command lines of younger processes that look like ours."""
    own = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    for process in psutil.process_iter(["cmdline", "create_time"]):
        command = " ".join(process.info["cmdline"] or ())
        is_young = process.info["create_time"] >= since and process.pid not in own
        if is_young and any(mark in command for mark in MARKS):
            yield f"{process.pid}: {command[:200]}"


def main(since: float) -> int:
    """Print what is left; return the exit status."""
    found = list(leftovers(since))
    for line in found:
        print(f"left behind: {line}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))

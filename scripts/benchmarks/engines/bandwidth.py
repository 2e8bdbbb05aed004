"""How fast this machine reads memory, which is the limit of writing tokens.

python -m scripts.benchmarks.engines.bandwidth 2
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

BYTES = 512 * 2**20
PASSES = 5


def read_bandwidth(threads: int) -> float:
    """Return the bytes that so many threads read a second, the best of a few passes."""
    command = [sys.executable, "-m", "scripts.benchmarks.engines.bandwidth", str(threads)]
    alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # noqa: TID251  numpy's own setting
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=alone)
    return float(done.stdout)


def _measure_here(threads: int) -> float:
    parts = [np.ones(BYTES // threads // 4, dtype=np.float32) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        best = min(_pass_s(pool, parts) for _ in range(PASSES))
    return sum(part.nbytes for part in parts) / best


def _pass_s(pool: ThreadPoolExecutor, parts: list[np.ndarray]) -> float:
    began = time.perf_counter()
    # A scalar product reads everything once and leaves the interpreter's lock alone.
    list(pool.map(lambda part: np.dot(part, part), parts))
    return time.perf_counter() - began


if __name__ == "__main__":
    print(_measure_here(int(sys.argv[1])))

"""What the processor offers: how many cores, and how it multiplies bytes."""

from __future__ import annotations

import math
import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")
CPU = Path("/proc/cpuinfo")


def usable_cores(quota: Path = QUOTA) -> int:
    """Return the cores left by the scheduling mask and the container's CPU quota, at least 1.

    A container on a large host sees all its cores; as many threads on a quota of two would
    spend their time waiting for each other.
    """
    cores = len(os.sched_getaffinity(0))
    try:
        allowed, period = quota.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    if allowed == "max":
        return cores
    return max(1, min(cores, math.ceil(int(allowed) / int(period))))


def num_threads(wanted: int) -> int:
    """Return the number of model threads for the setting, where 0 is one a core."""
    return wanted or usable_cores()


def may_overflow(cpu: Path = CPU) -> bool:
    """Whether sums of products of bytes may overflow: an x86 without VNNI has 16 bits for them."""
    try:
        flags = cpu.read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return True
    return "avx512_vnni" not in flags and "avx_vnni" not in flags

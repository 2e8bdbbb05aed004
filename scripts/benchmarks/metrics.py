"""Reading a server's metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx

from scripts.benchmarks.served import Served

LINE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)$", re.MULTILINE)
LE = re.compile(r'le="([^"]+)"')

Buckets = Mapping[float, float]
"""Counts up to each bound, cumulated as Prometheus has them."""


class Metrics:
    """What `/metrics` said at one moment."""

    def __init__(self, text: str) -> None:
        self._found = [match.groupdict() for match in LINE.finditer(text)]

    @classmethod
    def of(cls, server: Served) -> Metrics:
        """Ask a server."""
        headers = {"authorization": f"Bearer {server.key}"}
        answer = httpx.get(f"{server.url}/metrics", headers=headers, timeout=30)
        answer.raise_for_status()
        return cls(answer.text)

    def total(self, name: str) -> float:
        """Return the sum of a metric over all its labels."""
        return sum(float(one["value"]) for one in self._found if one["name"] == name)

    def buckets(self, name: str) -> dict[float, float]:
        """Return a histogram."""
        found = (one for one in self._found if one["name"] == f"{name}_bucket")
        return {_bound(one["labels"]): float(one["value"]) for one in found}


def quantile(before: Buckets, after: Buckets, share: float) -> float:
    """Return a quantile of what was observed between two moments, straight within its bucket."""
    counts = [(bound, after[bound] - before.get(bound, 0.0)) for bound in sorted(after)]
    wanted = share * counts[-1][1]
    below, below_count = 0.0, 0.0
    for bound, count in counts:
        if count >= wanted and count > below_count:
            if bound == float("inf"):
                return below
            return below + (bound - below) * (wanted - below_count) / (count - below_count)
        below, below_count = bound, count
    return 0.0


def _bound(labels: str) -> float:
    found = LE.search(labels)
    return float(found[1]) if found else float("inf")

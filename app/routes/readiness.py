"""May traffic come? Every part of the server answers for itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How one part, or the whole server, is."""

    READY = "ready"
    DEGRADED = "degraded"
    """Requests are answered, but something is down."""
    NOT_READY = "not_ready"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Check:
    """One part's answer."""

    name: str
    passes: Callable[[], bool]
    is_vital: bool = True
    """Without it no request can be answered; otherwise the server is only degraded."""
    is_lasting: bool = False
    """Once it fails it never passes again, so that only a restart helps."""


class Readiness:
    """All checks of a server; asking costs no I/O while all is well."""

    def __init__(self, checks: tuple[Check, ...]) -> None:
        self._checks = checks

    def report(self) -> tuple[Health, dict[str, Health]]:
        """Return the whole server's health and each part's."""
        parts = {check.name: _health(check) for check in self._checks}
        for worst in (Health.NOT_READY, Health.DEGRADED):
            if worst in parts.values():
                return worst, parts
        return Health.READY, parts

    @property
    def is_lost(self) -> bool:
        """Whether only a restart helps."""
        return any(check.is_lasting and not check.passes() for check in self._checks)


def _health(check: Check) -> Health:
    if check.passes():
        return Health.READY
    return Health.NOT_READY if check.is_vital else Health.DEGRADED

"""A circuit breaker: what fails again and again is left alone for a while.

A filter whose backend is down would cost every request its whole deadline before it fails. Once
the circuit is open it fails at once; after the pause one check tries whether it works again.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic


class Breaker:
    """Counts failures in a row; belongs to one event loop.

    Args:
        failures: so many in a row open the circuit; 0 is never.
        pause_s: how long it stays open before one check may try again.
        clock: tells the time, in seconds.
    """

    def __init__(
        self, failures: int, pause_s: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._failures = failures
        self._pause_s = pause_s
        self._clock = clock
        self._in_a_row = 0
        self._open_until: float | None = None
        """When a check may try again; None while the circuit is closed."""
        self._is_trying = False

    @property
    def is_open(self) -> bool:
        """Whether checks are refused, or one of them just tries."""
        return self._open_until is not None

    def admit(self) -> bool:
        """Return whether a check may be made; whoever is admitted reports how it went."""
        if self._open_until is None:
            return True
        if self._is_trying or self._clock() < self._open_until:
            return False
        self._is_trying = True
        return True

    def succeed(self) -> bool:
        """Note a check that worked; return whether that closed the circuit."""
        was_open = self.is_open
        self._in_a_row, self._open_until, self._is_trying = 0, None, False
        return was_open

    def fail(self) -> bool:
        """Note a check that failed; return whether that opened the circuit."""
        was_open, self._is_trying = self.is_open, False
        self._in_a_row += 1
        if not self._failures or self._in_a_row < self._failures:
            return False
        self._open_until = self._clock() + self._pause_s
        return not was_open

    def leave(self) -> None:
        """Note a check that was given up, so that nobody knows."""
        self._is_trying = False

"""What one check on a GPU found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table."""

    name: str
    found: str
    is_well: bool | None
    """None says that nothing was judged."""
    figures: dict[str, float] = field(default_factory=dict)
    """What was measured, by the names of `scripts/bench engine`."""

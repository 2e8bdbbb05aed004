"""How a check can fail."""

from __future__ import annotations

from typing import Literal

from app.settings.chain import Failure

Kind = Literal[Failure, "timeout"]


class CheckFailed(Exception):
    """A check could not be made.

    `kind` is `raised`, `timeout`, `unavailable` (what it asks is away), `invalid` (it returned
    nonsense), `crashed` (its process ended or grew too large), `overloaded` (the queue of its model,
    its process or the filters' threads was full, or what it asks is at its limit) or `circuit_open`
    (it failed so often in a row that it is left alone for a while).
    """

    def __init__(self, kind: Kind) -> None:
        self.kind: Kind = kind
        super().__init__(kind)

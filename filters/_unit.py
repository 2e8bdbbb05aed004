"""How much text a filter judges at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["document", "sentence", "window"]

SMALLEST_WINDOW = 24
"""In characters; neighbours share a twelfth."""


@dataclass(frozen=True, slots=True)
class Unit:
    """How much text a filter judges at once.

    The same units are judged whether the text arrives whole or in pieces, so streaming never
    changes a verdict. Smaller units let a stream flow earlier.

    Raises:
        ValueError: the kind is none of these, or the window is smaller than `SMALLEST_WINDOW`.
    """

    kind: Kind
    size: int = 0
    grows: bool = False
    """Whether the first window of a completion is smaller, so that a stream begins sooner."""
    blank: bool = False
    """Whether a document of nothing but white space is judged, too; its text is then empty."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError("a unit is a document, a sentence or a window")
        if self.kind == "window" and self.size < SMALLEST_WINDOW:
            raise ValueError(f"a window holds at least {SMALLEST_WINDOW} characters")

    @classmethod
    def document(cls, *, blank: bool = False) -> Unit:
        """Judge the whole text at once, after its last character.

        With `blank` also one of nothing but white space: for filters that miss something in it.
        """
        return cls("document", blank=blank)

    @classmethod
    def sentence(cls) -> Unit:
        """Judge sentence by sentence."""
        return cls("sentence")

    @classmethod
    def window(cls, size: int, *, grows: bool = False) -> Unit:
        """Judge `size` characters at a time, neighbours overlapping by `size // 12`.

        Right for filters that look for short patterns: nothing up to `size // 12` characters
        long can hide at a border, and each character is read 1.09 times. A window that is full
        is always followed by another, so what touches its end may be left to the next one.

        With `grows`, a completion's first window holds a quarter of that, and shares as much as the
        others. It is right for filters that find nothing longer than what is shared, and that tell by
        the item's `before` and `after` what neighbours see.
        """
        return cls("window", size, grows)

    @property
    def overlap(self) -> int:
        """Characters a window shares with the one before it."""
        return self.size // 12 if self.kind == "window" else 0

"""How texts are hidden that may come back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placeholders:
    """How the chain rewrites what a filter found: each text as a `[LABEL_1]` of its own.

    The same text has the same number throughout one exchange, and no other exchange knows it.
    """

    restore: bool = False
    """Put the text of a prompt back where the judged completion writes its placeholder."""
    keep: bool = False
    """Keep the text in the record of the exchange, where it is else masked."""
    ignore_case: bool = False
    """Texts that differ only in case and white space are the same: they have one number, and what comes
    back is the first of them."""

"""Options of filters that hide what they find."""

from __future__ import annotations

from filters import Options, Placeholders


class Hiding(Options):
    """What becomes of what is found when the chain rewrites."""

    numbered: bool = False
    """When the chain rewrites: `[LABEL_1]`, the same text with the same number throughout the
    exchange, and masked in the record; else `[label]`."""
    restore: bool = False
    """Put what stood in the prompt back into the completion, once all filters have judged it."""
    keep_in_record: bool = False
    """Keep what is numbered in the record of the exchange as it came."""


def placeholders(options: Hiding, *, ignore_case: bool = False) -> Placeholders | None:
    """Return how the chain hides what is found.

    Raises:
        ValueError: what is not numbered shall come back.
    """
    if options.restore and not options.numbered:
        raise ValueError("restore needs numbered: only a number tells what belongs where")
    if not options.numbered:
        return None
    return Placeholders(options.restore, options.keep_in_record, ignore_case)

"""Sentences from templates: every `{slot}` becomes one of its phrases, which may have slots too.

`{Slot}` is the same with a capital at its beginning.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

Phrases = Mapping[str, Sequence[str]]

_SLOT = re.compile(r"\{([A-Za-z]+)\}")


def filled(template: str, phrases: Phrases, chance: random.Random) -> str:
    """Return the template with phrases in its slots.

    Raises:
        KeyError: a slot has no phrases.
    """

    def phrase(slot: re.Match[str]) -> str:
        chosen = chance.choice(phrases[slot[1].lower()])
        return chosen if slot[1].islower() else chosen[:1].upper() + chosen[1:]

    while _SLOT.search(template):
        template = _SLOT.sub(phrase, template)
    return template

"""Find emoji, which do not belong into every text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from filters import Canary, Filter, Finding, Item, Options, Range, Unit
from pydantic import Field

_SIGN = (
    "[\u231a-\u231b\u23e9-\u23f3\u25fd\u25fe\u2600-\u27bf\u2b50\u2b55"
    "\U0001f000-\U0001f1e5\U0001f300-\U0001f5ff\U0001f600-\U0001faff]"
)
_AFTER = "[\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_EMOJI = re.compile(f"(?:{_FLAG}|{_SIGN}{_AFTER}(?:\u200d{_SIGN}{_AFTER})*)")
"""A flag, or signs with what colours them, joined to families and professions."""

_EXAMPLES = ("\U0001f600", "\U0001f369", "\U0001f1ec\U0001f1e7")


class EmojiOptions(Options):
    """Which emoji are too many."""

    allowed: frozenset[str] = frozenset()
    """Emoji that may stand in any number."""
    most: int = Field(0, ge=0)
    """Others that a sentence may have."""
    replacement: str = ""
    """What stands in place of an emoji when the chain rewrites; it holds none itself."""


class Emoji(Filter):
    """Scores 1 where a sentence has more emoji than it may have."""

    options_model = EmojiOptions
    options: EmojiOptions
    unit = Unit.sentence()

    def __init__(self, options: EmojiOptions) -> None:
        super().__init__(options)
        if _EMOJI.search(options.replacement):
            raise ValueError("the replacement of an emoji is no emoji")

    async def check(self, item: Item) -> Finding | None:
        found = [
            Range(match.start(), match.end(), "emoji", replacement=self.options.replacement)
            for match in _EMOJI.finditer(item.text)
            if match[0] not in self.options.allowed
        ]
        if len(found) <= self.options.most:
            return None
        return Finding(1.0, "emoji", tuple(found))

    def canaries(self) -> Sequence[Canary]:
        forbidden = [emoji for emoji in _EXAMPLES if emoji not in self.options.allowed]
        return [
            *(Canary(emoji * (self.options.most + 1), bad=True) for emoji in forbidden),
            Canary("A colon and a bracket :) are no emoji.", bad=False),
        ]

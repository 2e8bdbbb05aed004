"""The emoji filter sees whole emoji, however many characters they have."""

from __future__ import annotations

import pytest
from app.testing import conformance
from filters import Context, Item, Stage

from penstock_emoji import Emoji, EmojiOptions

FAMILY = "👩‍👩‍👧‍👦"
TEXT = f"Well done 👍🏽, {FAMILY}! 🇬🇧 ❤️"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TEXT, ["👍🏽", FAMILY, "🇬🇧", "❤️"]),
        ("No :) here, and 3 < 5 © 2026.", []),
        ("שלום, नमस्ते", []),
    ],
)
async def test_each_emoji_is_one_range(text: str, found: list[str]) -> None:
    finding = await Emoji(EmojiOptions()).check(item(text))

    ranges = finding.ranges if finding else ()
    assert [text[one.start : one.end] for one in ranges] == found


async def test_some_may_be_allowed() -> None:
    options = EmojiOptions(allowed=frozenset({"👍🏽", FAMILY}), most=2)

    assert await Emoji(options).check(item(TEXT)) is None


def test_a_replacement_is_no_emoji() -> None:
    with pytest.raises(ValueError, match="no emoji"):
        Emoji(EmojiOptions(replacement="🙂"))


@pytest.mark.parametrize("most", [0, 2])
async def test_it_conforms(most: int) -> None:
    judge = Emoji(EmojiOptions(most=most))

    await conformance.check_filter(judge, examples=[item(TEXT)], budget_ms=50)


def item(text: str) -> Item:
    return Item(text, Context(Stage.INPUT, question=text))

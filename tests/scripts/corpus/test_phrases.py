"""Templates are filled until no slot is left."""

from __future__ import annotations

import random

import pytest

from scripts.corpus.made.phrases import filled

PHRASES = {"animal": ("cat", "dog"), "place": ("the {animal}'s house",)}


def test_slots_in_phrases_are_filled_too() -> None:
    chance = random.Random(1)  # noqa: S311  a fixed order, no secret
    found = {filled("{Animal} in {place}: {not_a_slot}", PHRASES, chance) for _ in range(50)}

    assert found == {
        f"{one} in the {other}'s house: {{not_a_slot}}"
        for one in ("Cat", "Dog")
        for other in ("cat", "dog")
    }


def test_a_slot_needs_phrases() -> None:
    with pytest.raises(KeyError):
        filled("{plant}", PHRASES, random.Random(1))  # noqa: S311  a fixed order, no secret

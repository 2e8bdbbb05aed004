"""A small world to talk about: what a tiny language model can learn by heart in seconds."""

from __future__ import annotations

COLOURS = {
    "gate": "red", "lake": "blue", "meadow": "green", "lemon": "yellow", "snow": "white",
    "night": "black", "brick": "brown", "mouse": "grey", "rose": "pink", "plum": "purple",
}  # fmt: skip
PLACES = {
    "mill": "river", "boat": "harbour", "bell": "tower", "book": "library", "bread": "bakery",
    "horse": "stable", "wheel": "cart", "lamp": "table", "coin": "purse", "key": "drawer",
}  # fmt: skip


def conversations() -> list[tuple[str, str]]:
    """Return (question, answer) pairs, always the same."""
    asked = [
        (f"What colour is the {thing}?", f"The {thing} is {colour}.")
        for thing, colour in COLOURS.items()
    ]
    asked += [
        (f"Where is the {thing}?", f"The {thing} is in the {place}.")
        for thing, place in PLACES.items()
    ]
    return asked

"""Labels of every scheme become kinds, and scores of tokens become stretches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from filters._text.entities import Kinds, entities


@dataclass(frozen=True)
class Tokens:
    ranges: tuple[tuple[int, int], ...]
    scores: NDArray[np.float32]


@pytest.mark.parametrize(
    ("labels", "kinds", "first"),
    [
        (("O", "B-PER", "I-PER"), ("PER",), {"PER": (1,)}),
        (("I-PER", "O"), ("PER",), {"PER": ()}),
        (("O", "U-ORG", "B-ORG", "L-ORG", "I-ORG"), ("ORG",), {"ORG": (1, 2)}),
        (("O", "S_LOC", "E_LOC"), ("LOC",), {"LOC": (1,)}),
        (("O", "EMAIL", "B-"), ("EMAIL", "B-"), {"EMAIL": (), "B-": ()}),
    ],
)
def test_schemes(
    labels: tuple[str, ...], kinds: tuple[str, ...], first: dict[str, tuple[int, ...]]
) -> None:
    found = Kinds.of(labels)

    assert found.names == kinds
    assert found.first == first


def read(text: str, *rows: tuple[int, int, float]) -> list[tuple[str, float]]:
    """Find persons, given each token's range and how sure the model is of a person."""
    scores = np.array([[1 - person, person] for _, _, person in rows], np.float32)
    tokens = Tokens(tuple((start, end) for start, end, _ in rows), scores)
    found = entities(text, tokens, Kinds.of(("O", "PER")), {"PER": 0.5})
    return [(text[one.start : one.end], round(one.score, 2)) for one in found]


def test_pieces_of_a_word_are_judged_together() -> None:
    assert read("Annabel", (0, 3, 0.9), (3, 7, 0.5)) == [("Annabel", 0.7)]
    assert read("Annabel", (0, 3, 0.6), (3, 7, 0.2)) == []


def test_spaces_in_a_tokens_range_do_not_count() -> None:
    assert read("I am Anna", (0, 1, 0.0), (1, 4, 0.0), (4, 9, 0.8)) == [("Anna", 0.8)]


def test_without_a_sign_of_beginning_neighbours_are_one() -> None:
    assert read("Anna Bo", (0, 4, 0.9), (5, 7, 0.7)) == [("Anna Bo", 0.8)]


def test_tokens_without_characters_are_passed_over() -> None:
    assert read("Anna", (0, 0, 0.9), (0, 4, 0.9), (4, 4, 0.9)) == [("Anna", 0.9)]


def test_nothing_gives_nothing() -> None:
    tokens = Tokens((), np.zeros((0, 2), np.float32))

    assert entities("", tokens, Kinds.of(("O", "PER")), {"PER": 0.5}) == []

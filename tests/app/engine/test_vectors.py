"""Closeness of sentences to a question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from app.encoder import TextEmbedder
from app.engine.vectors import REMEMBERED, SentenceVectors


class Counting:
    """Notes what is embedded; vectors point where the text's length says."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += texts
        angles = np.array([len(text) for text in texts], dtype=np.float32)
        return np.stack((np.cos(angles), np.sin(angles)), axis=1)


async def test_cosines_are_those_of_the_embedder(embedder: TextEmbedder) -> None:
    sentences = ["gates hold the water", "birds fly", "water gates"]
    expected = await embedder.embed(["which gates hold water", *sentences])

    got = await SentenceVectors(embedder).cosines("which gates hold water", sentences)

    assert got == pytest.approx(list(expected[1:] @ expected[0]), abs=1e-6)


async def test_known_sentences_are_not_embedded_again() -> None:
    counting = Counting()
    vectors = SentenceVectors(counting)

    first = await vectors.cosines("question", ["a", "bb", "a"])
    again = await vectors.cosines("question", ["bb", "ccc", "a"])

    assert counting.texts == ["question", "a", "bb", "question", "ccc"]
    assert first == [first[0], again[0], again[2]]


async def test_the_oldest_are_forgotten_and_a_long_list_still_works() -> None:
    counting = Counting()
    vectors = SentenceVectors(counting)
    many = [str(number) for number in range(REMEMBERED + 10)]

    await vectors.cosines("q", ["old"])
    assert len(await vectors.cosines("q", many)) == len(many)
    counting.texts.clear()
    await vectors.cosines("q", ["old", many[-1]])

    assert counting.texts == ["q", "old"]

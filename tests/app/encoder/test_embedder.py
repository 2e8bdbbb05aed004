"""Sentence embeddings over a tiny bundle."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from app.bundles import load_bundle
from app.encoder import TextEmbedder, open_embedder
from app.errors import BundleError, ModelOutputInvalid
from filters import Embedder
from tests.bundles import write_classifier, write_embedder
from tests.encoders import CPU


@pytest.fixture
async def embedder(tmp_path: Path) -> AsyncIterator[TextEmbedder]:
    write_embedder(tmp_path, texts=["gates hold the water back", "birds fly south"])
    opened = open_embedder(load_bundle(tmp_path, "encoder"), CPU)
    yield opened
    await opened.close()


async def test_it_keeps_the_filters_contract(embedder: TextEmbedder) -> None:
    wanted: Embedder = embedder

    assert wanted.dimension == 64
    assert embedder.reference == "encoder@1"


async def test_rows_have_length_one_and_similar_texts_lie_close(embedder: TextEmbedder) -> None:
    rows = await embedder.embed(["gates hold water", "the water is held by gates", "birds fly"])

    assert rows.shape == (3, 64)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert rows[0] @ rows[1] > 0.4 > rows[0] @ rows[2]


async def test_a_long_text_is_the_mean_of_its_windows(embedder: TextEmbedder) -> None:
    half = "gates hold the water back " * 40
    [whole] = await embedder.embed([half + "birds fly south " * 40])
    [gates], [birds] = await embedder.embed([half]), await embedder.embed(["birds fly south"])

    assert whole @ gates > 0.5
    assert whole @ birds > 0.5
    np.testing.assert_allclose(np.linalg.norm(whole), 1, atol=1e-6)


async def test_no_texts_give_no_rows(embedder: TextEmbedder) -> None:
    assert (await embedder.embed([])).shape == (0, 64)


async def test_a_vector_without_direction_is_invalid(embedder: TextEmbedder) -> None:
    with pytest.raises(ModelOutputInvalid):
        embedder._mean([{"embedding": np.zeros(64, dtype=np.float32)}])


def test_a_bundle_for_another_task_is_refused(tmp_path: Path) -> None:
    write_classifier(tmp_path, {"insult": ["idiot"]})

    with pytest.raises(BundleError, match="for text-classification, not feature-extraction"):
        open_embedder(load_bundle(tmp_path, "toxicity"), CPU)

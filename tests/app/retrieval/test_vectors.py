from pathlib import Path

import numpy as np
import pytest

from app.bundles import load_bundle
from app.encoder import open_embedder
from app.retrieval.vectors import BATCH, embed_passages, read_vectors
from app.settings import RuntimeSettings
from tests.bundles import write_embedder


async def test_what_is_stored_is_what_was_embedded(tmp_path: Path) -> None:
    write_embedder(tmp_path)
    embedder = open_embedder(load_bundle(tmp_path, "encoder"), RuntimeSettings(threads=1))
    passages = [("Guide", f"gate number {number}") for number in range(BATCH + 3)]
    stored = await embed_passages(embedder, passages)
    expected = await embedder.embed([f"{title}\n{text}" for title, text in passages])
    await embedder.close()
    assert len(stored[0]) == 2 * embedder.dimension
    np.testing.assert_allclose(read_vectors(stored, embedder.dimension), expected, atol=1e-3)


def test_unfit_vectors_become_zeros() -> None:
    stored = [np.array(row, dtype="<f2").tobytes() for row in ([3, 4], [0, 0], [np.nan, 1], [1])]
    rows = read_vectors([*stored, b""], 2)
    np.testing.assert_allclose(rows[0], [0.6, 0.8])
    assert not rows[1:].any()


@pytest.mark.parametrize("count", [0, 1])
def test_the_shape_is_always_right(count: int) -> None:
    assert read_vectors([b""] * count, 5).shape == (count, 5)

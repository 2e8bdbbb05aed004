"""A normalised graph says what the export says, for every kind of export."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.graphs import Cache, DecoderLayout, PositionIds
from app.engine.graphs.opening import open_decoder
from app.runtime import Graph
from app.settings.model import RuntimeSettings
from tests.decoding import Logits, Rows, run_whole
from tests.exports import KINDS, UNQUANTISED, bundle_of, exported

pytestmark = pytest.mark.train
CPU = RuntimeSettings(provider="cpu", threads=1)
TEXTS = [
    list(map(int, np.random.default_rng(number).integers(2, 300, size)))
    for number, size in enumerate((40, 9, 23, 7))
]
MORE = 6
"""Tokens that all rows read together, one at a time."""
CHUNKS = (64, 16, 7)
HALF = ("builder-fp16", "builder-positions", "builder-mrope", "optimum")
KEPT = {"builder-byte-cache": np.int8}
QUANTISED = ("builder-int4", "builder-int8", "builder-byte-cache")
"""They round what they read to 8 bits: a sum in another order may fall on the other side."""


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def opened(kind: str, models_dir: Path) -> tuple[Graph, DecoderLayout]:
    return open_decoder(bundle_of(kind, models_dir), CPU)


@cache
def said(kind: str, text: int) -> Logits:
    """Return what the export itself says, run over a whole text."""
    return run_whole(exported(kind) / "model.onnx", TEXTS[text])


def tolerance(kind: str) -> float:
    """Return how far sums in another order may lead."""
    if kind in HALF:
        return 0.06
    return 0.15 if kind in QUANTISED else 2e-4


def check(kind: str, found: Logits, text: int, place: int) -> None:
    if origin := UNQUANTISED.get(kind):
        expected = said(origin, text)[place]
        likeness = float(np.corrcoef(found, expected)[0, 1])
        assert likeness > 0.97
        return
    expected = said(kind, text)[place]
    np.testing.assert_allclose(found, expected, atol=tolerance(kind), rtol=0)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_text_read_in_chunks_over_garbage_says_what_the_export_says(
    kind: str, opened: tuple[Graph, DecoderLayout], chunk: int
) -> None:
    rows = Rows(*opened, num_rows=1)
    text = TEXTS[0]

    for start in range(0, len(text), chunk):
        logits = rows.read(0, text[start : start + chunk])
        check(kind, logits, 0, min(start + chunk, len(text)) - 1)

    assert logits.dtype == np.float32
    assert logits.std() > 0.5


def test_rows_of_different_lengths_say_together_what_each_says_alone(
    kind: str, opened: tuple[Graph, DecoderLayout]
) -> None:
    layout = opened[1]
    texts = TEXTS
    if layout.cache is Cache.CONCATENATED and not layout.is_paddable:
        texts = [text[: MORE + 1] for text in TEXTS]
    rows = Rows(*opened, num_rows=len(texts))
    for row, text in enumerate(texts):
        rows.read(row, text[:-MORE])

    for place in range(-MORE, 0):
        logits = rows.step([text[place] for text in texts])
        for row, text in enumerate(texts):
            check(kind, logits[row], row, len(text) + place)


@given(cuts=st.sets(st.integers(1, len(TEXTS[0]) - 1), max_size=8))
@settings(max_examples=8, deadline=None)
def test_it_does_not_matter_where_a_text_is_cut(
    kind: str, opened: tuple[Graph, DecoderLayout], cuts: set[int]
) -> None:
    rows, bounds = Rows(*opened, num_rows=2), [0, *sorted(cuts), len(TEXTS[0])]

    for start, end in itertools.pairwise(bounds):
        logits = rows.read(1, TEXTS[0][start:end])

    check(kind, logits, 0, len(TEXTS[0]) - 1)


def test_neighbours_change_nothing(kind: str, opened: tuple[Graph, DecoderLayout]) -> None:
    layout = opened[1]
    texts = [text[: MORE + 1] for text in TEXTS]  # no padding, which may add in another order
    together, alone = Rows(*opened, num_rows=len(texts)), Rows(*opened, num_rows=1)
    for row, text in enumerate(texts):
        together.read(row, text[:3])
    alone.read(0, texts[0][:3])

    for place in range(3, MORE + 1):
        among = together.step([text[place] for text in texts])[0]
        np.testing.assert_allclose(
            among,
            alone.step(texts[0][place : place + 1])[0],
            atol=1e-5,
            rtol=0,
            err_msg=str(layout),
        )


def test_layouts_are_what_the_exporters_are_known_for(
    kind: str, opened: tuple[Graph, DecoderLayout]
) -> None:
    layout = opened[1]

    is_builder = kind.startswith("builder")
    assert layout.cache is (Cache.SHARED if is_builder else Cache.CONCATENATED)
    assert (layout.num_layers, layout.num_kv_heads, layout.head_dim) == (2, 2, 16)
    assert layout.vocab_size == 300
    assert layout.kv_dtype == KEPT.get(kind, np.float16 if kind in HALF else np.float32)
    assert bool(layout.prompt_past) is (kind in KEPT)
    assert layout.past[1:3] == ("past_key_values.0.value", "past_key_values.1.key")
    assert layout.present[1:3] == ("present.0.value", "present.1.key")
    assert layout.kv_bytes_per_token == 4 * 2 * 16 * layout.kv_dtype.itemsize
    assert layout.max_positions == (256 if is_builder else None)
    assert layout.has_cache_branch == (kind == "optimum-merged")
    assert layout.is_paddable == (not is_builder and kind != "dynamo-18-no-positions")
    positions = PositionIds.NONE
    if layout.is_paddable:
        positions = PositionIds.THREE_D if kind == "optimum-mrope" else PositionIds.TWO_D
    assert layout.position_ids is positions

"""Reading passages for the exact answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.bundles import load_bundle
from app.bundles.manifest import QuestionAnswering
from app.encoder.encoder import Encoder
from app.engine.reader import Reading, SpanReader, exact_answer
from app.errors import PromptTooLong
from app.runtime import Workers
from tests.bundles import write_reader
from tests.encoders import CPU

QUESTION = "where do filters live"
PASSAGE = "The weather is fine. Filters live in the folder beside the door."
FAR = "nothing to see here " * 60


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[SpanReader]:
    write_reader(tmp_path, texts=[QUESTION, PASSAGE, FAR])
    bundle = load_bundle(tmp_path, "answer")
    assert isinstance(bundle.manifest.model, QuestionAnswering)
    workers = Workers(1)
    yield SpanReader(Encoder(bundle, CPU, workers), bundle.manifest.model)
    workers.close()


async def test_the_answer_is_found_where_it_stands(reader: SpanReader) -> None:
    [reading] = await reader.read(QUESTION, [PASSAGE])

    assert exact_answer(reading, PASSAGE) == "folder"
    score, start, end = reading.best_between(0, len(PASSAGE)) or (0.0, 0, 0)
    assert score > 0
    assert PASSAGE[start:end] == "folder"


async def test_a_passage_without_answer_scores_below_none(reader: SpanReader) -> None:
    [reading] = await reader.read(QUESTION, ["The weather is fine."])

    assert reading.scores.max() < 0


@pytest.mark.parametrize("passage", [FAR + PASSAGE, PASSAGE + FAR, FAR + PASSAGE + FAR])
async def test_an_answer_is_found_anywhere_in_a_long_passage(
    reader: SpanReader, passage: str
) -> None:
    [reading] = await reader.read(QUESTION, [passage])

    assert exact_answer(reading, passage) == "folder"
    assert len(reading.scores) == len(reading.offsets) > 200
    assert reading.num_tokens > len(reading.offsets)


async def test_passages_are_read_apart(reader: SpanReader) -> None:
    together = await reader.read(QUESTION, [PASSAGE, "", "The weather is fine.", PASSAGE])

    assert [len(reading.scores) for reading in together] == [14, 0, 5, 14]
    np.testing.assert_array_equal(together[0].scores, together[3].scores)
    assert exact_answer(together[1], "") == ""


async def test_the_same_is_read_now_and_later(reader: SpanReader) -> None:
    [later] = await reader.read(QUESTION, [PASSAGE])
    now = reader.read_now(QUESTION, PASSAGE)

    np.testing.assert_allclose(now.scores, later.scores, atol=1e-6)
    assert now.offsets == later.offsets


async def test_a_question_that_leaves_no_room_is_refused(reader: SpanReader) -> None:
    with pytest.raises(PromptTooLong, match="reads at most 30"):
        await reader.read("why " * 31, [PASSAGE])


async def test_positions_hold_beside_lone_surrogates_and_emoji(reader: SpanReader) -> None:
    passage = "\U0001f600 \ud800 Filters live in the folder \udfff."

    [reading] = await reader.read(QUESTION, [passage])

    assert exact_answer(reading, passage) == "folder"


def test_only_answers_that_begin_in_the_range_count() -> None:
    reading = Reading(
        [(0, 3), (4, 6), (7, 9)],
        np.array([5.0, 1.0, 3.0], dtype=np.float32),
        np.array([2, 1, 2]),
    )

    assert reading.best_between(0, 9) == (5.0, 0, 9)
    assert reading.best_between(1, 9) == (3.0, 7, 9)
    assert reading.best_between(4, 7) == (1.0, 4, 6)
    assert reading.best_between(9, 20) is None


def test_spans_are_at_most_as_long_as_the_manifest_allows(tmp_path: Path) -> None:
    write_reader(tmp_path, texts=[QUESTION, PASSAGE], max_answer_tokens=1)
    bundle = load_bundle(tmp_path, "answer")
    assert isinstance(bundle.manifest.model, QuestionAnswering)
    workers = Workers(1)
    reading = SpanReader(Encoder(bundle, CPU, workers), bundle.manifest.model).read_now(
        QUESTION, PASSAGE
    )
    workers.close()

    assert list(reading.ends) == list(range(len(reading.ends)))

"""Text classification over tiny bundles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from app.bundles import load_bundle
from app.encoder import TextClassifier, open_classifier
from app.errors import BundleError, InvalidRequest
from app.settings.model import RuntimeSettings
from filters import Classifier
from tests.bundles import write_classifier, write_embedder, write_pair_classifier
from tests.encoders import CPU

WORDS = {"insult": ["idiot"], "threat": ["kill"]}


@pytest.fixture
async def classifier(tmp_path: Path) -> AsyncIterator[TextClassifier]:
    write_classifier(tmp_path, WORDS)
    opened = open_classifier(load_bundle(tmp_path, "toxicity"), CPU)
    yield opened
    await opened.close()


@pytest.fixture
async def pairs(tmp_path: Path) -> AsyncIterator[TextClassifier]:
    write_pair_classifier(tmp_path)
    opened = open_classifier(load_bundle(tmp_path, "grounding"), CPU)
    yield opened
    await opened.close()


async def test_it_keeps_the_filters_contract(classifier: TextClassifier) -> None:
    wanted: Classifier = classifier

    assert wanted.labels == ("insult", "threat")


async def test_labels_score_high_where_their_words_stand(classifier: TextClassifier) -> None:
    scores = await classifier.scores(["you idiot", "I kill you, idiot", "good morning", ""])

    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores > 0.5, [[1, 0], [1, 1], [0, 0], [0, 0]])
    assert ((scores >= 0) & (scores <= 1)).all()


async def test_softmax_scores_add_up_to_one(tmp_path: Path) -> None:
    write_classifier(tmp_path, {"spam": ["buy"], "fine": []}, activation="softmax")
    opened = open_classifier(load_bundle(tmp_path, "toxicity"), CPU)

    scores = await opened.scores(["buy it", "a letter"])

    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)
    assert list(scores.argmax(axis=1)) == [0, 1]
    await opened.close()


@pytest.mark.parametrize("before", [0, 50, 300, 5_000])
async def test_nothing_is_cut_off_unread_however_long(
    classifier: TextClassifier, before: int
) -> None:
    [scores] = await classifier.scores(["harmless " * before + "idiot" + " harmless" * 200])

    assert scores[0] > 0.9
    assert scores[1] < 0.1


async def test_no_texts_give_no_rows(classifier: TextClassifier) -> None:
    assert (await classifier.scores([])).shape == (0, 2)


@pytest.mark.parametrize("text", ["\ud800 idiot", "idiot\0", "IDIOT!", "(idiot)", "ídiot"])
async def test_any_unicode_is_read(classifier: TextClassifier, text: str) -> None:
    [scores] = await classifier.scores([text])

    assert scores[0] > 0.5


async def test_many_calls_at_once_get_what_they_get_alone(classifier: TextClassifier) -> None:
    texts = ["you idiot", "good morning " * 30, "kill", ""] * 10
    alone = [await classifier.scores([text]) for text in texts]

    together = await asyncio.gather(*(classifier.scores([text]) for text in texts))

    np.testing.assert_allclose(np.stack(together), np.stack(alone), atol=1e-6)


async def test_pairs_are_judged_together(pairs: TextClassifier) -> None:
    scores = await pairs.scores(
        [("gates hold water", "water"), ("gates hold water", "birds fly south")]
    )

    assert scores[0, 0] > 0.9
    assert scores[1, 0] < 0.1


async def test_a_claim_is_held_against_every_window_of_a_long_passage(
    pairs: TextClassifier,
) -> None:
    passage = "nothing here " * 100 + "gates hold water " + "nothing here " * 100

    [supported] = await pairs.scores([(passage, "gates hold water")])
    [invented] = await pairs.scores([(passage, "birds fly south")])

    assert supported[0] > 0.9
    assert invented[0] < 0.1


async def test_single_texts_for_a_model_of_pairs_are_refused(
    classifier: TextClassifier, pairs: TextClassifier
) -> None:
    with pytest.raises(InvalidRequest):
        await pairs.scores(["water"])
    with pytest.raises(InvalidRequest):
        await classifier.scores([("gates", "water")])


async def test_tokens_are_counted(classifier: TextClassifier) -> None:
    assert await classifier.num_tokens(["you idiot"]) == 4


def test_a_bundle_for_another_task_is_refused(tmp_path: Path) -> None:
    write_embedder(tmp_path)

    with pytest.raises(BundleError, match="for feature-extraction, not text-classification"):
        open_classifier(load_bundle(tmp_path, "encoder"), RuntimeSettings())

"""Token classification over tiny bundles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from app.bundles import load_bundle
from app.encoder import TextTokenClassifier, open_token_classifier
from app.errors import BundleError
from filters import TokenClassifier
from tests.bundles import reseal, write_classifier, write_token_classifier
from tests.encoders import CPU

WORDS = {"B-PER": ["anna"], "I-PER": ["smith"], "B-LOC": ["paris"]}


@pytest.fixture
async def names(tmp_path: Path) -> AsyncIterator[TextTokenClassifier]:
    write_token_classifier(tmp_path, WORDS)
    opened = open_token_classifier(load_bundle(tmp_path, "names"), CPU)
    yield opened
    await opened.close()


async def marked(names: TextTokenClassifier, text: str) -> list[tuple[str, str]]:
    [tokens] = await names.tokens([text])
    best = tokens.scores.argmax(axis=1)
    return [
        (text[start:end], names.labels[label])
        for (start, end), label in zip(tokens.ranges, best, strict=True)
        if label
    ]


async def test_it_keeps_the_filters_contract(names: TextTokenClassifier) -> None:
    wanted: TokenClassifier = names

    assert wanted.labels == ("O", "B-PER", "I-PER", "B-LOC")


async def test_tokens_have_their_place_and_scores_that_add_up(names: TextTokenClassifier) -> None:
    [tokens] = await names.tokens(["Ánna met me in Paris."])

    assert await marked(names, "Ánna met me in Paris.") == [("Ánna", "B-PER"), ("Paris", "B-LOC")]
    assert tokens.scores.dtype == np.float32
    np.testing.assert_allclose(tokens.scores.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("before", [0, 40, 59, 60, 61, 62, 63, 64, 90, 123, 124, 1_000])
async def test_nothing_is_cut_off_unread_however_long(
    names: TextTokenClassifier, before: int
) -> None:
    text = "we " * before + "Anna Smith" + " was" * 70

    assert await marked(names, text) == [("Anna", "B-PER"), ("Smith", "I-PER")]


async def test_a_token_in_two_windows_is_judged_where_it_has_most_around_it(
    names: TextTokenClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "we " * 100
    [tokens] = await names.tokens([text])
    windows, ranges = names._encoder.tokens.placed_windows(text)
    rows = [{"logits": np.zeros((len(w.window.ids), 4), np.float32)} for w in windows]
    for number, row in enumerate(rows):
        row["logits"][:, number] = 9.0

    found = names._scores((windows, ranges), rows).scores.argmax(axis=1)

    overlap = range(windows[1].first, windows[0].first + windows[0].size)
    middle = (overlap[0] + overlap[-1]) / 2
    assert len(tokens.ranges) == 100
    assert [found[at] for at in overlap] == [int(at > middle) for at in overlap]


@pytest.mark.parametrize("text", ["", " ", "\n", "\ud800"])
async def test_texts_without_words_are_read(names: TextTokenClassifier, text: str) -> None:
    assert await marked(names, text) == []


async def test_many_calls_at_once_get_what_they_get_alone(names: TextTokenClassifier) -> None:
    texts = ["Anna Smith", "good morning " * 30, "in Paris", ""] * 5
    alone = [await marked(names, text) for text in texts]

    assert await asyncio.gather(*(marked(names, text) for text in texts)) == alone


async def test_its_canaries_are_checked(tmp_path: Path) -> None:
    folder = write_token_classifier(tmp_path, WORDS)
    reseal(folder, canaries=[{"text": "Anna", "expected": [0.9]}])

    with pytest.raises(BundleError, match="golden check failed"):
        open_token_classifier(load_bundle(tmp_path, "names"), CPU)


def test_a_bundle_for_another_task_is_refused(tmp_path: Path) -> None:
    write_classifier(tmp_path, {"bad": ["idiot"]})

    with pytest.raises(BundleError, match="for text-classification, not token-classification"):
        open_token_classifier(load_bundle(tmp_path, "toxicity"), CPU)

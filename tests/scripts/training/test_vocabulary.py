"""Pruning the vocabulary."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from scripts.training import base
from scripts.training.vocabulary import (
    SPECIAL,
    WORD_EMBEDDINGS,
    choose,
    count_tokens,
    prune,
    prune_weights,
)

pytestmark = pytest.mark.train
TEXTS = ["The gate holds back the water.", "A filter measures; the chain decides."]


@pytest.fixture(scope="module")
def whole() -> Tokenizer:
    return base.tokenizer()


@pytest.fixture(scope="module")
def kept(whole: Tokenizer) -> list[str]:
    return choose(whole, count_tokens(whole, TEXTS), 1_200)


def test_special_pieces_come_first_and_none_twice(kept: list[str]) -> None:
    assert tuple(kept[: len(SPECIAL)]) == SPECIAL
    assert len(kept) == len(set(kept)) <= 1_200


def test_known_words_stay_whole_and_others_are_spelled(whole: Tokenizer, kept: list[str]) -> None:
    pruned = prune(whole, kept)

    assert pruned.encode(TEXTS[0]).tokens == whole.encode(TEXTS[0]).tokens
    assert pruned.encode("zebra!", add_special_tokens=False).tokens == [
        "z",
        "##e",
        "##b",
        "##r",
        "##a",
        "!",
    ]
    assert "[UNK]" not in pruned.encode("Żółw £5 ~ naïve {x} 99%").tokens


def test_frames_and_offsets_are_those_of_the_whole_tokenizer(
    whole: Tokenizer, kept: list[str]
) -> None:
    pruned = prune(whole, kept).encode(TEXTS[0], TEXTS[1])
    full = whole.encode(TEXTS[0], TEXTS[1])

    assert pruned.tokens == full.tokens
    assert pruned.offsets == full.offsets
    assert pruned.type_ids == full.type_ids
    assert pruned.ids[0] == kept.index("[CLS]")
    assert max(pruned.ids) < len(kept)


def test_each_piece_keeps_its_vector(whole: Tokenizer, kept: list[str]) -> None:
    weights = load_file(base.folder() / "model.safetensors")

    pruned = prune_weights(weights, whole, kept)[WORD_EMBEDDINGS]

    assert pruned.shape[0] == len(kept)
    for number in (0, 7, len(kept) - 1):
        whole_number = whole.token_to_id(kept[number])
        assert torch.equal(pruned[number], weights[WORD_EMBEDDINGS][whole_number])


def test_a_larger_vocabulary_keeps_what_a_smaller_one_has(whole: Tokenizer) -> None:
    counts = count_tokens(whole, TEXTS)

    assert set(choose(whole, counts, 1_150)) <= set(choose(whole, counts, 1_160))

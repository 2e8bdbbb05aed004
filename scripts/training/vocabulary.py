"""A smaller vocabulary: the word pieces that texts use, and enough letters to spell the rest."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from tokenizers import Tokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PREFIX = "##"
WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
BATCH = 1_000


def count_tokens(tokenizer: Tokenizer, texts: Iterable[str]) -> Counter[str]:
    """Count the word pieces of texts."""
    counts: Counter[str] = Counter()
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == BATCH:
            _add(counts, tokenizer, batch)
            batch = []
    _add(counts, tokenizer, batch)
    return counts


def choose(tokenizer: Tokenizer, counts: Counter[str], size: int) -> list[str]:
    """Return the pieces to keep, special ones first: all simple letters, then the most frequent."""
    known = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    order = [token for token, _ in known if token not in SPECIAL]
    spelling = [token for token in order if _spells(token)]
    room = size - len(SPECIAL) - len(spelling)
    frequent = sorted(
        (token for token in order if counts[token] and not _spells(token)),
        key=lambda token: -counts[token],
    )
    kept = {*spelling, *frequent[: max(room, 0)]}
    return [*SPECIAL, *(token for token in order if token in kept)]


def prune(tokenizer: Tokenizer, kept: Sequence[str]) -> Tokenizer:
    """Return a tokenizer that knows the kept pieces only, numbered in their order."""
    whole: dict[str, Any] = json.loads(tokenizer.to_str())
    numbers = {token: number for number, token in enumerate(kept)}
    whole["model"]["vocab"] = numbers
    for added in whole["added_tokens"]:
        added["id"] = numbers[added["content"]]
    for token in whole["post_processor"]["special_tokens"].values():
        token["ids"] = [numbers[token["id"]]]
    pruned: Tokenizer = Tokenizer.from_str(json.dumps(whole))
    return pruned


def prune_weights(
    weights: dict[str, torch.Tensor], tokenizer: Tokenizer, kept: Sequence[str]
) -> dict[str, torch.Tensor]:
    """Return the base weights with the kept rows of the word embeddings, in their order."""
    rows = torch.tensor([tokenizer.token_to_id(token) for token in kept])
    return {**weights, WORD_EMBEDDINGS: weights[WORD_EMBEDDINGS][rows].clone()}


def _add(counts: Counter[str], tokenizer: Tokenizer, batch: list[str]) -> None:
    for encoding in tokenizer.encode_batch(batch, add_special_tokens=False):
        counts.update(encoding.tokens)


def _spells(token: str) -> bool:
    """Whether a piece is one character that any English text may need."""
    character = token.removeprefix(PREFIX)
    if len(character) != 1:
        return False
    if character.isascii():
        return character.isprintable()
    name = unicodedata.name(character, "")
    return name.startswith("LATIN SMALL") or unicodedata.category(character)[0] in "PS"

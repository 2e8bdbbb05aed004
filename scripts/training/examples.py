"""Rows as numbers: token ids and targets, padded into batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Encoding, Tokenizer
from torch import Tensor

from filters._text.model_text import readings
from scripts.corpus.row import Row

UNKNOWN = -1.0
CUT_CHARS = 100


@dataclass(frozen=True, slots=True)
class Example:
    """One row, encoded."""

    ids: list[int]
    types: list[int]
    values: tuple[float, ...] = ()
    """A value a label; UNKNOWN where nobody was asked."""
    starts: tuple[int, ...] = ()
    """Token places where an answer may start; place 0 is no answer."""
    ends: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples beside each other."""

    ids: Tensor
    mask: Tensor
    types: Tensor
    values: Tensor
    starts: Tensor
    """True where an answer may start, [batch, sequence]."""
    ends: Tensor


def labelled(row: Row, tokenizer: Tokenizer, labels: Sequence[str], max_tokens: int) -> Example:
    """Encode a text or a pair with a value a label."""
    if row.pair is None:
        ids = _cut(tokenizer.encode(_as_served(row)).ids, max_tokens)
        types = [0] * len(ids)
    else:
        encoding = _fitting_pair(tokenizer, row.text, row.pair, max_tokens)
        ids, types = encoding.ids, encoding.type_ids
    return Example(ids, types, tuple(row.labels.get(label, UNKNOWN) for label in labels))


def answered(row: Row, tokenizer: Tokenizer, max_tokens: int) -> Example:
    """Encode a question with as much of its passage as fits, around the first answer."""
    passage = row.pair or ""
    first, last = row.spans[0] if row.spans else (0, 0)
    begin, end = 0, len(passage)
    encoding = tokenizer.encode(row.text, passage)
    while len(encoding.ids) > max_tokens and begin < end:
        before, behind = first - begin, end - last
        if before > behind:
            begin += min(CUT_CHARS, before)
        else:
            end -= min(CUT_CHARS, max(behind, 1))
        encoding = tokenizer.encode(row.text, passage[begin:end])
    spans = [(start - begin, stop - begin) for start, stop in row.spans]
    starts, ends = _places(encoding, spans, loose=row.loose)
    return Example(encoding.ids, encoding.type_ids, (), starts or (0,), ends or (0,))


def collate(examples: Sequence[Example]) -> Batch:
    """Pad examples to the longest."""
    width = max(len(example.ids) for example in examples)
    shape = (len(examples), width)
    ids, mask, types = (torch.zeros(shape, dtype=torch.int64) for _ in range(3))
    starts, ends = (torch.zeros(shape, dtype=torch.bool) for _ in range(2))
    for at, example in enumerate(examples):
        size = len(example.ids)
        ids[at, :size] = torch.tensor(example.ids)
        mask[at, :size] = 1
        types[at, :size] = torch.tensor(example.types)
        starts[at, list(example.starts)] = True
        ends[at, list(example.ends)] = True
    values = torch.tensor([example.values for example in examples], dtype=torch.float32)
    return Batch(ids, mask, types, values, starts, ends)


def _as_served(row: Row) -> str:
    """Return the text as the toxicity filter gives it to the model.

    The filter reads disguised words both as seen and as meant; half of such rows are learnt as
    meant.
    """
    found = readings(row.text) or [row.text]
    return found[-1] if int(row.digest[0], 16) % 2 else found[0]


def _cut(ids: list[int], max_tokens: int) -> list[int]:
    return ids if len(ids) <= max_tokens else [*ids[: max_tokens - 1], ids[-1]]


def _fitting_pair(tokenizer: Tokenizer, passage: str, claim: str, max_tokens: int) -> Encoding:
    """Cut the end of the passage, or of the claim once there is no passage left."""
    encoding = tokenizer.encode(passage, claim)
    while len(encoding.ids) > max_tokens:
        if passage:
            passage = passage[: max(0, len(passage) - CUT_CHARS)]
        else:
            claim = claim[: max(1, len(claim) - CUT_CHARS)]
        encoding = tokenizer.encode(passage, claim)
    return encoding


def _places(
    encoding: Encoding, spans: Sequence[tuple[int, int]], *, loose: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    starts: set[int] = set()
    ends: set[int] = set()
    for start, end in spans:
        inside = _inside(encoding, start, end)
        if inside:
            starts.update(inside if loose else inside[:1])
            ends.update(inside if loose else inside[-1:])
    return tuple(sorted(starts)), tuple(sorted(ends))


def _inside(encoding: Encoding, start: int, end: int) -> list[int]:
    """Return the places of the passage's tokens that touch `[start, end)`."""
    return [
        place
        for place, ((first, last), sequence) in enumerate(
            zip(encoding.offsets, encoding.sequence_ids, strict=True)
        )
        if sequence == 1 and first < end and last > start and last > first
    ]

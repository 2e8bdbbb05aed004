"""What a normalised decoder graph takes and gives: the seam between graphs and the slot engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

INPUT_IDS = "input_ids"
ATTENTION_MASK = "attention_mask"
POSITION_IDS = "position_ids"
CACHE_BRANCH = "use_cache_branch"
SEQLENS = "seqlens_k"
TOTAL_LENGTH = "total_sequence_length"
LAST_TOKEN = "last_token"  # noqa: S105  the last token of a text, not a secret
LOGITS = "logits"
IS_PROMPT = "is_prompt"


class Cache(StrEnum):
    """How a graph keeps keys and values.

    With `SHARED`, past and present may be the same memory: each run writes only the new tokens'
    places, and every row has its own length. With `CONCATENATED`, present is a new tensor as long
    as past and the new tokens together, and rows of different lengths are padded on the left.
    """

    SHARED = "shared"
    CONCATENATED = "concatenated"


class PositionIds(StrEnum):
    """The shape of the input `position_ids`, if there is one."""

    NONE = "none"
    TWO_D = "[batch, sequence]"
    THREE_D = "[3, batch, sequence]"


@dataclass(frozen=True, slots=True)
class DecoderLayout:
    """A normalised graph: B rows, each reading S tokens behind up to P cached ones.

    Both kinds take `input_ids` [B, S] int64 and `last_token` [B, 1] int64 (the place in 0..S-1 of
    each row's last token) and give `logits` [B, vocab_size] float32 of that token alone, whatever
    the original graph gave.

    SHARED takes `seqlens_k` [B] int32 (tokens in the row's cache, this run's included, minus 1),
    `total_sequence_length` [1] int32 (the most of them, this run's included), and `past`
    [B, num_kv_heads, room, head_dim]; `present` has the same shape and may be the same memory.
    On a CPU, S > 1 behind a past (a later chunk of a prompt) works for B = 1 only.
    If the cache is kept in bytes, the graph takes `is_prompt` [1] bool, too: where it is true, the run
    reads and writes `prompt_past` and `prompt_present` in float32 instead of the cache.

    CONCATENATED takes `attention_mask` [B, P + S] int64 (0 is padding, on the left) if
    `has_attention_mask`, `position_ids` int64, `use_cache_branch` [1] bool (whether P > 0), and
    `past` [B, num_kv_heads, P, head_dim]; `present` is [B, num_kv_heads, P + S, head_dim].
    """

    cache: Cache
    num_layers: int
    num_kv_heads: int
    head_dim: int
    kv_dtype: np.dtype[Any]
    vocab_size: int
    past: tuple[str, ...]
    """Inputs: key and value of layer 0, key and value of layer 1, ..."""
    present: tuple[str, ...]
    """Outputs, in the order of `past`."""
    position_ids: PositionIds = PositionIds.NONE
    has_cache_branch: bool = False
    has_attention_mask: bool = True
    is_paddable: bool = True
    """CONCATENATED only: rows of different lengths may run together, padded on the left. Without a
    mask nothing tells padding from text, and a graph that counts positions itself, without regard
    to its mask, computes a padded row a little differently: such rows run with rows of the same
    length only."""
    max_positions: int | None = None
    """The most tokens that a row may have, where the graph itself says so (rotary tables)."""
    prompt_past: tuple[str, ...] = ()
    """In the order of `past`; only where the cache is kept in bytes."""
    prompt_present: tuple[str, ...] = ()
    kv_scales: tuple[NDArray[np.float32], ...] = field(default=(), compare=False)
    """What a byte is worth, in the order of `past`: each can be spread to [1, num_kv_heads, 1, head_dim]."""

    @property
    def kv_bytes_per_token(self) -> int:
        """Memory of one token's keys and values in all layers."""
        return len(self.past) * self.num_kv_heads * self.head_dim * self.kv_dtype.itemsize

"""A causal language model small enough to train in a test: with a cache, in plain torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from torch import Tensor, nn

END, ASKED, TOLD = "<|end|>", "<|asked|>", "<|told|>"
IMPOSSIBLE = -1e4
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the network is."""

    vocabulary: int
    layers: int = 2
    heads: int = 4
    head_dim: int = 16
    max_tokens: int = 128

    @property
    def size(self) -> int:
        """Length of a token's vector."""
        return self.heads * self.head_dim


Cache = Sequence[Tensor]
"""Keys and values layer by layer, each [batch, heads, length, head_dim]."""


class Layer(nn.Module):
    """Attention over what came before, then a small network at each place."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.norm = nn.LayerNorm(shape.size)
        self.mixed = nn.Linear(shape.size, 3 * shape.size)
        self.out = nn.Linear(shape.size, shape.size)
        self.norm_up = nn.LayerNorm(shape.size)
        self.up = nn.Linear(shape.size, 4 * shape.size)
        self.down = nn.Linear(4 * shape.size, shape.size)

    def forward(
        self, hidden: Tensor, bias: Tensor, past_key: Tensor, past_value: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the new vectors, and keys and values with those of the past before them."""
        batch, length, size = hidden.shape
        parts = self.mixed(self.norm(hidden)).chunk(3, dim=-1)
        query, key, value = (
            part.reshape(batch, length, self.shape.heads, self.shape.head_dim).transpose(1, 2)
            for part in parts
        )
        key, value = torch.cat([past_key, key], dim=2), torch.cat([past_value, value], dim=2)
        weights = (query @ key.transpose(2, 3) / self.shape.head_dim**0.5 + bias).softmax(dim=-1)
        hidden = hidden + self.out((weights @ value).transpose(1, 2).reshape(batch, length, size))
        hidden = hidden + self.down(nn.functional.gelu(self.up(self.norm_up(hidden))))
        return hidden, key, value


class Generator(nn.Module):
    """Tokens to the logits of the next token, at every place."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.vocabulary, shape.size)
        self.places = nn.Embedding(shape.max_tokens, shape.size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.size)

    def forward(self, input_ids: Tensor, position_ids: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        """Return logits, then every layer's keys and values."""
        total = past[0].shape[2] + input_ids.shape[1]
        seen = torch.arange(total, device=input_ids.device) <= position_ids.unsqueeze(-1)
        bias = torch.where(seen, 0.0, IMPOSSIBLE).unsqueeze(1)
        hidden = self.words(input_ids) + self.places(position_ids)
        present: list[Tensor] = []
        for at, layer in enumerate(self.layers):
            hidden, key, value = layer(hidden, bias, past[2 * at], past[2 * at + 1])
            present += [key, value]
        return self.norm(hidden) @ self.words.weight.T, *present

    def empty_cache(self, batch: int) -> list[Tensor]:
        """Return the cache before the first token."""
        empty = torch.zeros(batch, self.shape.heads, 0, self.shape.head_dim)
        return [empty for _ in range(2 * self.shape.layers)]


def new_tokenizer(texts: Sequence[str], vocabulary: int = 400) -> Tokenizer:
    """Return a byte-level tokenizer that has seen the texts; it can write any text."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[AddedToken(token, special=True) for token in (END, ASKED, TOLD)],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def learn(
    network: Generator, sequences: Sequence[Sequence[int]], *, steps: int, rate: float
) -> float:
    """Learn the sequences by heart and return the last loss."""
    width = max(map(len, sequences))
    ids = torch.zeros(len(sequences), width, dtype=torch.int64)
    targets = torch.full((len(sequences), width), IGNORED)
    for at, sequence in enumerate(sequences):
        ids[at, : len(sequence)] = torch.tensor(sequence)
        targets[at, : len(sequence) - 1] = torch.tensor(sequence[1:])
    positions = torch.arange(width).expand(len(sequences), width)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate)
    loss = torch.tensor(0.0)
    for _ in range(steps):
        logits = network(ids, positions, *network.empty_cache(len(sequences)))[0]
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return float(loss.detach())

"""A network that the library has not: two texts read together, pooled apart."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

MASKED = -10_000.0
"""Added to the attention to a padded place; large enough to leave nothing of it."""


class PairNetwork(nn.Module):
    """Classifies a pair by the means of both texts' token vectors and how they differ.

    The base network was trained for means, not for its first place: so the head has something to
    go by from the first step, and attention between the texts only needs to sharpen it.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.bert = BertModel(config, add_pooling_layer=False)
        size = int(config.hidden_size or 0)
        self.mix = nn.Linear(4 * size, size)
        self.drop = nn.Dropout(config.hidden_dropout_prob)
        self.head = nn.Linear(size, int(config.num_labels or 0))

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> SimpleNamespace:
        """Return `logits`, [batch, labels]."""
        hidden = self.bert(
            input_ids=input_ids,
            attention_mask=attention_bias(attention_mask),
            token_type_ids=token_type_ids,
        ).last_hidden_state
        second = (token_type_ids * attention_mask).to(hidden.dtype)
        first = attention_mask.to(hidden.dtype) - second
        one, other = mean(hidden, first), mean(hidden, second)
        features = torch.cat([one, other, (one - other).abs(), one * other], dim=-1)
        mixed = nn.functional.gelu(self.mix(self.drop(features)))
        return SimpleNamespace(logits=self.head(self.drop(mixed)))


def mean(hidden: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean over places, [batch, size]."""
    total = (hidden * weights.unsqueeze(-1)).sum(1)
    return total / weights.sum(1, keepdim=True).clamp(min=1.0)


def attention_bias(attention_mask: Tensor) -> Tensor:
    """Return what is added to the attention: one row for all places, [batch, 1, 1, sequence].

    Making it here keeps the library's own mask, with its loops over places, out of the graph.
    """
    return ((1.0 - attention_mask.to(torch.float32)) * MASKED)[:, None, None, :]

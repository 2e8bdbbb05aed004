"""The networks as they are exported: integers in, named results out, no options."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertModel

from scripts.training.networks import PairNetwork, attention_bias


class SentenceEncoder(nn.Module):
    """Mean of the token vectors, of unit length."""

    inputs = ("input_ids", "attention_mask")
    outputs = ("embedding",)

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        self.bert = bert

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return [batch, dimension]."""
        hidden = self.bert(
            input_ids=input_ids,
            attention_mask=attention_bias(attention_mask),
            token_type_ids=torch.zeros_like(input_ids),
        ).last_hidden_state
        weights = attention_mask.to(hidden.dtype).unsqueeze(-1)
        mean = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1.0)
        return nn.functional.normalize(mean, dim=-1)


class TextClassifier(nn.Module):
    """A sequence classification network over one text."""

    inputs = ("input_ids", "attention_mask")
    outputs = ("logits",)

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return [batch, labels]."""
        logits: Tensor = self.network(
            input_ids=input_ids,
            attention_mask=attention_bias(attention_mask),
            token_type_ids=torch.zeros_like(input_ids),
        ).logits
        return logits


class PairClassifier(nn.Module):
    """A classification network over two texts, told apart by their token types."""

    inputs = ("input_ids", "attention_mask", "token_type_ids")
    outputs = ("logits",)

    def __init__(self, network: PairNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Return [batch, labels]."""
        logits: Tensor = self.network(input_ids, attention_mask, token_type_ids).logits
        return logits


class SpanReader(nn.Module):
    """Where an answer starts and where it ends."""

    inputs = ("input_ids", "attention_mask", "token_type_ids")
    outputs = ("start_logits", "end_logits")

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return start and end, each [batch, sequence]."""
        found = self.network(
            input_ids=input_ids,
            attention_mask=attention_bias(attention_mask),
            token_type_ids=token_type_ids,
        )
        return found.start_logits, found.end_logits


Exportable = SentenceEncoder | TextClassifier | PairClassifier | SpanReader

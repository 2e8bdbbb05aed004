"""The way through Detoxify: weights in its checkpoint layout, opened by its own code.

Whoever has a Detoxify checkpoint of their own can export it the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from detoxify import Detoxify
from tokenizers import Tokenizer
from torch import Tensor
from transformers import BertConfig, PreTrainedTokenizerFast

CHECKPOINT = "detoxify.ckpt"


def write_checkpoint(
    folder: Path,
    weights: dict[str, Tensor],
    config: BertConfig,
    tokenizer: Tokenizer,
    classes: Sequence[str],
) -> Path:
    """Write a checkpoint as Detoxify's own training does, with config and tokenizer beside it."""
    config.save_pretrained(folder)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=512,
        pad_token="[PAD]",  # noqa: S106  a word piece, no secret
        unk_token="[UNK]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
        mask_token="[MASK]",  # noqa: S106
    ).save_pretrained(folder)
    architecture = {
        # Detoxify always looks here for the configuration, so it must be the folder itself.
        "model_type": str(folder),
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "PreTrainedTokenizerFast",
        "num_classes": len(classes),
    }
    path = folder / CHECKPOINT
    torch.save(
        {
            "config": {
                "dataset": {"args": {"classes": list(classes)}},
                "arch": {"args": architecture},
            },
            "state_dict": weights,
        },
        path,
    )
    return path


def open_checkpoint(path: Path) -> tuple[Any, tuple[str, ...]]:
    """Return the network inside a Detoxify checkpoint, and its labels.

    A checkpoint is a pickle and runs code when it is read: open your own only.
    """
    found = Detoxify(checkpoint=str(path))
    network = found.model.eval()
    network.set_attn_implementation("eager")
    return network, tuple(found.class_names)

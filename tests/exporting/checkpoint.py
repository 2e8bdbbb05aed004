"""Tiny random checkpoints as they lie in a Hugging Face folder. Run by `tests.exports`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import (
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

VOCABULARY = 300
BEGIN, END = "<|begin|>", "<|end|>"
TEXTS = (
    "the gates hold the water and the pipes carry it down to the turbine",
    "a penstock is the gate and pipe that lets just the right water reach a turbine",
    "every answer is kept, and whoever asks may read what was asked and answered before",
)
SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "tie_word_embeddings": False,
    # Large weights: with the usual ones all logits are nearly equal, and a wrong mask goes unseen.
    "initializer_range": 0.2,
}


# Small enough to be kept with the tests.
SMALL = {
    **SHAPE,
    "intermediate_size": 32,
    "tie_word_embeddings": True,
    "initializer_range": 0.4,
}


def write_checkpoint(folder: Path, family: str) -> None:
    """Write a model with random weights and a tokenizer.

    Family is `llama`, `qwen2`, or one of the smaller `small-llama` and `small-gpt-neox`.
    """
    torch.manual_seed(1)
    model = _model(family)
    for name, values in model.named_parameters():
        if name.endswith("bias"):  # begins with zeros, which would hide a lost bias
            torch.nn.init.normal_(values, std=0.2)
    model.save_pretrained(folder)
    wrapped: Any = PreTrainedTokenizerFast
    wrapped(tokenizer_object=tokenizer(), bos_token=BEGIN, eos_token=END).save_pretrained(folder)


def _model(family: str) -> Any:
    match family:
        case "llama":
            return LlamaForCausalLM(LlamaConfig(**SHAPE, head_dim=16))
        case "qwen2":
            return Qwen2ForCausalLM(Qwen2Config(**SHAPE))
        case "small-llama":
            return LlamaForCausalLM(LlamaConfig(**{**SMALL, "hidden_size": 16}, head_dim=16))
        case "small-gpt-neox":  # a head of its own for each key and value
            shape = {**SMALL, "hidden_size": 32, "num_attention_heads": 2}
            del shape["num_key_value_heads"]
            return GPTNeoXForCausalLM(GPTNeoXConfig(**shape))
        case _:
            raise ValueError(family)


def tokenizer() -> Tokenizer:
    """Return a byte-level tokenizer with exactly the model's number of tokens."""
    built = Tokenizer(BPE())
    built.pre_tokenizer = ByteLevel(add_prefix_space=False)
    built.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[AddedToken(token, special=True) for token in (BEGIN, END)],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    built.train_from_iterator(TEXTS, trainer)
    return built

"""Checkpoints with random weights, in the shapes that benchmarks run; nothing is fetched.

python -m scripts.benchmarks.random_models m135 --folder var/checkpoints

Speed and memory depend on shapes alone. What such a model writes is noise.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)
from transformers.utils import logging

from scripts.corpus import docstrings
from scripts.folders import new_folder

SPECIAL = TEXT_END, BEGIN, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
TEMPLATE = (
    f"{{% for message in messages %}}{BEGIN}{{{{ message.role }}}}\n{{{{ message.content }}}}{END}\n"
    f"{{% endfor %}}{{{{ '{BEGIN}assistant\n' }}}}"
)
TRAINED_TOKENS = 8_192
"""The most tokens that are learnt from text; the others of a vocabulary are made up."""
SEED = 1
SPREAD = 0.05
"""Standard deviation of the weights: logits differ enough for their largest to be no chance."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A family of networks and its sizes."""

    family: str
    vocabulary: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int
    more: dict[str, Any] = field(default_factory=dict)

    def config(self) -> LlamaConfig | Qwen2Config:
        """Return it as transformers has it."""
        known: dict[str, type[LlamaConfig | Qwen2Config]]
        known = {"llama": LlamaConfig, "qwen2": Qwen2Config}
        return known[self.family](
            vocab_size=self.vocabulary,
            hidden_size=self.hidden,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.kv_heads,
            intermediate_size=self.intermediate,
            max_position_embeddings=8_192,
            tie_word_embeddings=True,
            bos_token_id=SPECIAL.index(BEGIN),
            eos_token_id=SPECIAL.index(END),
            initializer_range=SPREAD,
            **self.more,
        )


SHAPES = {
    "m15": Shape("qwen2", 32_000, 256, 6, heads=4, kv_heads=2, intermediate=1_024),
    "m135": Shape("llama", 49_152, 576, 30, heads=9, kv_heads=3, intermediate=1_536),
}
"""14.1 million weights, and the 134.5 million of SmolLM2-135M."""


def checkpoint(name: str, folder: Path) -> Path:
    """Return `folder/name` with a Hugging Face checkpoint of that shape, made if it is not there.

    Weights are bfloat16, as most are published, and the same on every machine.

    Args:
        name: one of `SHAPES`.
        folder: where checkpoints lie; it is made.
    """
    path = folder / name
    if not path.exists():
        with new_folder(path) as draft:
            write(SHAPES[name], draft)
    return path


def write(shape: Shape, folder: Path, seed: int = SEED) -> None:
    """Write weights, configuration and tokenizer of a random network into a folder."""
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.manual_seed(seed)
    config = shape.config()
    known: dict[str, Any] = {"llama": LlamaForCausalLM, "qwen2": Qwen2ForCausalLM}
    network = known[shape.family](config)
    for name, values in network.named_parameters():
        if name.endswith("bias"):  # begins with zeros, which would hide a lost bias
            torch.nn.init.normal_(values, std=SPREAD)
    network.to(torch.bfloat16).save_pretrained(folder)
    wrapped: Any = PreTrainedTokenizerFast
    wrapped(
        tokenizer_object=new_tokenizer(shape.vocabulary),
        bos_token=BEGIN,
        eos_token=END,
        pad_token=END,
        unk_token=TEXT_END,
        chat_template=TEMPLATE,
        model_max_length=config.max_position_embeddings,
    ).save_pretrained(folder)


def new_tokenizer(size: int) -> Tokenizer:
    """Return a byte-level tokenizer of exactly so many tokens.

    What no text could teach is made up: short words that no merge leads to. The tokenizer never
    writes them, and a model that says them still says text.
    """
    trainer = BpeTrainer(
        vocab_size=min(size, TRAINED_TOKENS),
        special_tokens=[AddedToken(token, special=True) for token in SPECIAL],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    learnt = _byte_level(BPE())
    learnt.train_from_iterator(_texts(), trainer)
    vocabulary: dict[str, int] = learnt.get_vocab(with_added_tokens=True)
    words = _made_up(vocabulary)
    while len(vocabulary) < size:
        vocabulary[next(words)] = len(vocabulary)
    padded = _byte_level(BPE(vocab=vocabulary, merges=_merges(learnt)))
    padded.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    return padded


def main(arguments: Sequence[str] | None = None) -> Path:
    """Make a checkpoint; returns its folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(SHAPES))
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args(arguments)
    path = checkpoint(options.name, options.folder)
    print(path)
    return path


@cache
def _texts() -> tuple[str, ...]:
    return tuple(text for _, text in docstrings.paragraphs())


def _byte_level(model: BPE) -> Tokenizer:
    built = Tokenizer(model)
    built.pre_tokenizer = ByteLevel(add_prefix_space=False)
    built.decoder = ByteLevelDecoder()
    return built


def _merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    told = json.loads(tokenizer.to_str())["model"]["merges"]
    return [tuple(pair) for pair in told]


def _made_up(taken: dict[str, int]) -> Iterator[str]:
    for letters in product(ascii_lowercase, repeat=4):
        word = "Ġ" + "".join(letters)
        if word not in taken:
            yield word


if __name__ == "__main__":
    main()

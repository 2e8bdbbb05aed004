from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

from scripts.benchmarks import random_models
from scripts.benchmarks.random_models import SHAPES, Shape, new_tokenizer

pytestmark = pytest.mark.train

TINY = Shape("qwen2", 600, 32, 2, heads=2, kv_heads=1, intermediate=48)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("random")
    random_models.write(TINY, path)
    return path


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return new_tokenizer(9_000)


def test_a_checkpoint_opens_as_a_published_one_does(folder: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    asked = tokenizer.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False)

    assert model.dtype == torch.bfloat16
    assert len(tokenizer) == model.config.vocab_size == 600
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id == 2
    assert asked == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"


def test_the_same_weights_come_out_every_time(folder: Path, tmp_path: Path) -> None:
    random_models.write(TINY, tmp_path)

    first, second = (path / "model.safetensors" for path in (folder, tmp_path))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("name", "millions"), [("m15", 14.1), ("m135", 134.5)])
def test_the_shapes_have_the_weights_they_are_named_for(name: str, millions: float) -> None:
    with torch.device("meta"):
        opened: Any = AutoModelForCausalLM
        network = opened.from_config(SHAPES[name].config())

    assert network.num_parameters() / 1e6 == pytest.approx(millions, abs=0.05)


def test_a_padded_tokenizer_keeps_texts_and_has_a_text_for_every_token(
    tokenizer: Tokenizer,
) -> None:
    text = "Hello there, the turbine and the 水 is cold."
    ids = tokenizer.encode(text).ids

    assert tokenizer.get_vocab_size(with_added_tokens=True) == 9_000
    assert tokenizer.decode(ids) == text
    assert len(ids) < len(text)
    assert all(tokenizer.decode([token]) for token in range(3, 9_000))


def test_a_checkpoint_is_made_once(folder: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SHAPES, "tiny", TINY)
        path = random_models.checkpoint("tiny", tmp_path)
        before = (path / "model.safetensors").stat().st_mtime_ns
        again = random_models.checkpoint("tiny", tmp_path)

    assert (path, before) == (again, (again / "model.safetensors").stat().st_mtime_ns)

"""A Hugging Face checkpoint (llama or qwen2) as a GGUF file, all matrices in one type.

python -m scripts.benchmarks.peers.write_gguf CHECKPOINT model.gguf --type Q4_0

Without a tokenizer: benchmarks hand over tokens.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
TOP = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--type", default="F16", help="F32, F16, BF16, Q8_0, Q4_0, ...")
    options = parser.parse_args()
    draft = options.file.with_suffix(".part")
    write(options.checkpoint, draft, options.type)
    draft.rename(options.file)


def write(checkpoint: Path, file: Path, kind: str) -> None:
    """Write a checkpoint's weights and sizes."""
    import gguf

    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(file, config["model_type"])
    _describe(writer, config)
    wanted = gguf.GGMLQuantizationType[kind]
    for name, values in _tensors(checkpoint, config):
        type_ = wanted if values.ndim > 1 else gguf.GGMLQuantizationType.F32
        quantised = gguf.quants.quantize(values, type_)
        writer.add_tensor(name, quantised, raw_dtype=type_)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe(writer: Any, config: dict[str, Any]) -> None:
    rope = config.get("rope_parameters") or {}
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(rope.get("rope_theta", config.get("rope_theta", 10_000.0)))
    writer.add_rope_dimension_count(config["hidden_size"] // config["num_attention_heads"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("none")


def _tensors(checkpoint: Path, config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    import torch
    from safetensors.torch import load_file

    weights = load_file(checkpoint / "model.safetensors")
    for name, tensor in weights.items():
        values = tensor.to(torch.float32).numpy()
        if config["model_type"] == "llama" and ("q_proj" in name or "k_proj" in name):
            heads = "num_attention_heads" if "q_proj" in name else "num_key_value_heads"
            values = _interleaved(values, config[heads])
        yield _name(name), values


def _name(name: str) -> str:
    stem, _, end = name.rpartition(".")
    if stem in TOP:
        return f"{TOP[stem]}.{end}"
    _, _, layer, part = stem.split(".", 3)
    return f"blk.{layer}.{LAYER[part]}.{end}"


def _interleaved(values: Any, heads: int) -> Any:
    """Rotary pairs side by side, as llama.cpp has them for this family, not halves apart."""
    split = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return split.swapaxes(1, 2).reshape(values.shape)


if __name__ == "__main__":
    main()

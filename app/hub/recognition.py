"""What a graph is: its task, from its inputs and outputs and from what is said beside it."""

from __future__ import annotations

import re
from pathlib import Path

import onnx
from onnx.helper import tensor_dtype_to_np_dtype
from tokenizers import Tokenizer

from app.bundles.manifest import (
    Model,
    Tensor,
    TextClassification,
    TextGeneration,
    TokenClassification,
)
from app.errors import BundleError
from app.hub.configuration import Configuration
from app.hub.prompting import prompt_template

DEFAULT_CONTEXT = {"text-generation": 2_048}
_CACHE = re.compile(r"past|cache", re.IGNORECASE)


class GraphForm:
    """Inputs and outputs of an ONNX file; its weights are not looked at.

    Raises:
        BundleError: it is not a readable ONNX file.
    """

    def __init__(self, file: Path) -> None:
        try:
            graph = onnx.load(file, load_external_data=False).graph
        except Exception as error:  # the parser raises what it likes
            raise BundleError(f"{file.name} is not a readable ONNX file") from error
        weights = {weight.name for weight in graph.initializer}
        self.inputs = tuple(_tensor(value) for value in graph.input if value.name not in weights)
        self.outputs = tuple(map(_tensor, graph.output))
        self.has_cache = any(_CACHE.search(tensor.name) for tensor in self.inputs)

    def names(self, tensors: tuple[Tensor, ...]) -> set[str]:
        """Return the names of tensors."""
        return {tensor.name for tensor in tensors}


def recognise(form: GraphForm, configuration: Configuration, tokenizer: Tokenizer) -> Model:
    """Return what the manifest says of the model.

    Raises:
        BundleError: no engine can run such a graph, or something about it is not said anywhere.
    """
    inputs, outputs = form.names(form.inputs), form.names(form.outputs)
    if "inputs_embeds" in inputs:
        raise BundleError("The graph reads embeddings, not tokens: it is a part of a larger model.")
    if {"encoder_hidden_states", "decoder_input_ids"} & inputs:
        raise BundleError("The graph is a part of an encoder-decoder; no engine runs those.")
    if "logits" not in outputs:
        found = ", ".join(sorted(outputs)) or "nothing"
        raise BundleError(
            f"The graph has no output `logits` but {found}: text generation, text classification "
            "and token classification are what can be served."
        )
    if form.has_cache:
        return _generation(configuration, tokenizer)
    if configuration.architecture.endswith("ForCausalLM"):
        raise BundleError(
            "The graph has no key/value cache. Take one that has (`decoder_model_merged.onnx`), or "
            "export the model for text generation with its past."
        )
    return _classification(form, configuration)


def longest(model: Model, configuration: Configuration, most: int | None) -> int:
    """Return the most tokens that one input may have."""
    told = configuration.context or DEFAULT_CONTEXT.get(model.task, 512)
    return min(told, most) if most else told


def _generation(configuration: Configuration, tokenizer: Tokenizer) -> TextGeneration:
    ends = configuration.end_ids
    named = tokenizer.token_to_id(configuration.special("eos_token"))
    ends |= {named} if named is not None else set()
    if not ends:
        raise BundleError(
            "Nothing says which token ends a completion: generation_config.json or config.json "
            "should name `eos_token_id`."
        )
    return TextGeneration(
        eos_token_ids=tuple(sorted(ends)),
        prompt_template=prompt_template(configuration, tokenizer),
    )


def _classification(
    form: GraphForm, configuration: Configuration
) -> TextClassification | TokenClassification:
    shape = next(tensor.shape for tensor in form.outputs if tensor.name == "logits")
    labels = configuration.labels
    if len(shape) not in (2, 3):
        raise BundleError(
            f"The output `logits` has {len(shape)} dimensions; of a classifier of texts it has 2, "
            "of tokens 3."
        )
    if not labels:
        raise BundleError("config.json names no labels (`id2label`).")
    if isinstance(shape[-1], int) and shape[-1] not in (0, len(labels)):
        raise BundleError(f"config.json names {len(labels)} labels, the graph has {shape[-1]}.")
    if len(shape) == 3:
        return TokenClassification(labels=labels)
    alone = configuration.is_multi_label or len(labels) == 1
    return TextClassification(labels=labels, activation="sigmoid" if alone else "softmax")


def _tensor(value: onnx.ValueInfoProto) -> Tensor:
    kind = value.type.tensor_type
    dtype = tensor_dtype_to_np_dtype(kind.elem_type).name
    shape = tuple(dim.dim_param or dim.dim_value for dim in kind.shape.dim)
    return Tensor(name=value.name, dtype=dtype, shape=shape)

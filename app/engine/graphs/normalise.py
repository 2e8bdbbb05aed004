"""Any export of a causal language model to one of two forms; decided from the graph alone."""

from __future__ import annotations

from onnx import ModelProto, ValueInfoProto
from onnx.helper import tensor_dtype_to_np_dtype
from onnx.inliner import inline_local_functions

from app.bundles.manifest import Tensor
from app.engine.graphs.activations import multiply_in_floats
from app.engine.graphs.byte_cache import PromptCache, split_prompts
from app.engine.graphs.cache import FoundCache, find_cache
from app.engine.graphs.editing import Editor, dims
from app.engine.graphs.embeddings import look_up_columns
from app.engine.graphs.inputs import (
    check_inputs,
    counts_from_mask,
    keep_all_logits,
    max_positions,
    positions_of,
    use_shared_lengths,
)
from app.engine.graphs.last_token import keep_last
from app.engine.graphs.layout import (
    ATTENTION_MASK,
    CACHE_BRANCH,
    POSITION_IDS,
    Cache,
    DecoderLayout,
    PositionIds,
)
from app.engine.graphs.rowwise import quantise_row_by_row
from app.engine.graphs.scales import check_scales


def normalise(model: ModelProto) -> DecoderLayout:
    """Edit a model in place, and say what it takes and gives.

    The weights are not needed: external ones may be missing.

    Raises:
        BundleError: the graph cannot be served; the message names the node and what would work.
    """
    if model.functions:
        model.CopyFrom(inline_local_functions(model))
    editor = Editor(model)
    found = find_cache(editor)
    keep_all_logits(editor)
    vocabulary = keep_last(editor)
    multiply_in_floats(editor)
    quantise_row_by_row(editor)
    check_scales(editor)
    look_up_columns(editor)
    positions = positions_of(editor)
    if found.kind is Cache.SHARED:
        use_shared_lengths(editor, positions)
    prompts = split_prompts(editor, found)
    editor.prune()
    check_inputs(editor, {*found.past, *prompts.past})
    return _layout(editor, found, prompts, vocabulary)


def tensors(model: ModelProto) -> tuple[list[Tensor], list[Tensor]]:
    """Return the inputs and the outputs as a manifest names them."""
    editor = Editor(model)
    return [_tensor(each) for each in editor.inputs.values()], [
        _tensor(each) for each in editor.outputs.values()
    ]


def _tensor(value: ValueInfoProto) -> Tensor:
    dtype = tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).name
    return Tensor(name=value.name, dtype=dtype, shape=tuple(dims(value)))


def _layout(
    editor: Editor, found: FoundCache, prompts: PromptCache, vocabulary: int
) -> DecoderLayout:
    has_mask = ATTENTION_MASK in editor.inputs
    positions = positions_of(editor) if POSITION_IDS in editor.inputs else PositionIds.NONE
    return DecoderLayout(
        cache=found.kind,
        num_layers=len(found.past) // 2,
        num_kv_heads=found.num_kv_heads,
        head_dim=found.head_dim,
        kv_dtype=tensor_dtype_to_np_dtype(found.elem_type),
        vocab_size=vocabulary,
        past=found.past,
        present=found.present,
        position_ids=positions,
        has_cache_branch=CACHE_BRANCH in editor.inputs,
        has_attention_mask=has_mask,
        is_paddable=has_mask and (positions is not PositionIds.NONE or counts_from_mask(editor)),
        max_positions=max_positions(editor),
        prompt_past=prompts.past,
        prompt_present=prompts.present,
        kv_scales=prompts.scales,
    )

"""Any export of a causal language model to one of two forms; decided from the graph alone."""

from __future__ import annotations

from onnx import ModelProto
from onnx.helper import tensor_dtype_to_np_dtype

from app.engine.graphs.cache import FoundCache, find_cache
from app.engine.graphs.editing import Editor
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


def normalise(model: ModelProto) -> DecoderLayout:
    """Edit a model in place, and say what it takes and gives.

    The weights are not needed: external ones may be missing.

    Raises:
        BundleError: the graph cannot be served; the message names the node and what would work.
    """
    editor = Editor(model)
    found = find_cache(editor)
    keep_all_logits(editor)
    quantise_row_by_row(editor)
    vocabulary = keep_last(editor)
    positions = positions_of(editor)
    if found.kind is Cache.SHARED:
        use_shared_lengths(editor, positions)
    editor.prune()
    check_inputs(editor, found)
    return _layout(editor, found, vocabulary)


def _layout(editor: Editor, found: FoundCache, vocabulary: int) -> DecoderLayout:
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
    )

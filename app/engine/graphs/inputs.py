"""The inputs of a decoder beside its cache: tokens, mask, positions and old switches."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from onnx import TensorProto, helper

from app.engine.graphs.cache import GROUPED
from app.engine.graphs.editing import Editor, Refused, all_nodes, dims, refused
from app.engine.graphs.layout import (
    ATTENTION_MASK,
    CACHE_BRANCH,
    INPUT_IDS,
    IS_PROMPT,
    LAST_TOKEN,
    POSITION_IDS,
    SEQLENS,
    TOTAL_LENGTH,
    PositionIds,
)

MICROSOFT = "com.microsoft"
NUM_KEPT = ("num_logits_to_keep", "logits_to_keep")
ALL_LOGITS = 0
OWN_LENGTH, LONGEST, BIAS = 5, 6, 10  # inputs of GroupQueryAttention
TABLES = {(MICROSOFT, GROUPED): 7, (MICROSOFT, "RotaryEmbedding"): 2, ("", "RotaryEmbedding"): 1}
"""Which input of a node is a table of positions, one a row."""


def use_shared_lengths(editor: Editor, positions: PositionIds) -> None:
    """Feed each row's length instead of a mask, and compute the positions from it.

    Raises:
        Refused: something else still reads the mask.
    """
    for node in editor.graph.node:
        if node.op_type == GROUPED and len(node.input) > BIAS and node.input[BIAS]:
            raise refused(node, "it adds a bias to the attention; export again without")
    editor.add_input(SEQLENS, TensorProto.INT32, ["batch"])
    editor.add_input(TOTAL_LENGTH, TensorProto.INT32, [1])
    for node in editor.graph.node:
        if node.op_type == GROUPED:
            node.input[OWN_LENGTH], node.input[LONGEST] = SEQLENS, TOTAL_LENGTH
    if positions != PositionIds.NONE:
        _compute_positions(editor, positions)
    editor.prune()
    for node in editor.readers(ATTENTION_MASK):
        raise refused(
            node, f"it reads {ATTENTION_MASK} beside GroupQueryAttention; export again without"
        )


def _compute_positions(editor: Editor, positions: PositionIds) -> None:
    """Count from the number of cached tokens: seqlens_k - last_token, then 0, 1, 2, ..."""
    editor.drop_input(POSITION_IDS)
    one, zero = editor.constant("penstock/1", 1), editor.constant("penstock/0", 0)
    axis = editor.constant("penstock/[1]", [1])
    place = "penstock/positions/"
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Cast", [SEQLENS], "lengths", {"to": TensorProto.INT64}),
        ("Unsqueeze", [f"{place}lengths", axis], "ends", {}),
        ("Sub", [f"{place}ends", LAST_TOKEN], "past", {}),
        ("Shape", [INPUT_IDS], "shape", {}),
        ("Gather", [f"{place}shape", one], "length", {}),
        ("Range", [zero, f"{place}length", one], "steps", {}),
        ("Add", [f"{place}past", f"{place}steps"], "rows", {}),
    ]
    if positions == PositionIds.THREE_D:
        front = editor.constant("penstock/[0]", [0])
        three = editor.constant("penstock/[3,1,1]", [3, 1, 1])
        steps.append(("Unsqueeze", [f"{place}rows", front], "flat", {}))
        steps.append(("Expand", [f"{place}flat", three], "cubes", {}))
    nodes = [
        helper.make_node(kind, reads, [place + result], name=place + result, **options)
        for kind, reads, result, options in steps
    ]
    nodes[-1].output[0] = POSITION_IDS
    editor.insert(editor.graph.node[0], *nodes)


def positions_of(editor: Editor) -> PositionIds:
    """Say what shape the positions have.

    Raises:
        Refused: one that is not known.
    """
    value = editor.inputs.get(POSITION_IDS)
    if value is None:
        return PositionIds.NONE
    shape = dims(value)
    if len(shape) == 3 and shape[0] in (3, "3"):
        return PositionIds.THREE_D
    if len(shape) != 2:
        raise Refused(
            f"{POSITION_IDS!r} has the shape {shape}: [batch, sequence] or [3, ...] works"
        )
    return PositionIds.TWO_D


def keep_all_logits(editor: Editor) -> None:
    """Fix the number of logits to keep: all, of which the last token's are taken."""
    for name in NUM_KEPT:
        if name in editor.inputs:
            shape: int | list[int] = [ALL_LOGITS] if dims(editor.inputs[name]) else ALL_LOGITS
            kind = editor.inputs[name].type.tensor_type.elem_type
            editor.drop_input(name)
            editor.constant(name, shape, kind)


def check_inputs(editor: Editor, cache: Set[str]) -> None:
    """Check what is left to be fed beside the cache, and let whole numbers be int64.

    Raises:
        Refused: an input that the server does not know, or of a fixed size.
    """
    known = {INPUT_IDS, ATTENTION_MASK, POSITION_IDS, CACHE_BRANCH, SEQLENS, TOTAL_LENGTH}
    for name in set(editor.inputs) - known - {LAST_TOKEN, IS_PROMPT} - cache:
        raise refused(
            editor.readers(name)[0],
            f"it reads the input {name!r}, which is not known here; export a causal language model "
            "that takes input_ids, attention_mask, position_ids and its cache",
        )
    if INPUT_IDS not in editor.inputs:
        raise Refused(
            f"the graph has no input {INPUT_IDS!r}: export the decoder with its embeddings"
        )
    for name in (INPUT_IDS, ATTENTION_MASK, POSITION_IDS):
        if name in editor.inputs:
            _check_free(editor, name)
            _take_int64(editor, name)


def _check_free(editor: Editor, name: str) -> None:
    shape = dims(editor.inputs[name])
    if len(shape) < 2 or any(isinstance(dim, int) and dim > 0 for dim in shape[-2:]):
        raise Refused(
            f"{name!r} has the shape {shape}: export again with free batch and sequence lengths"
        )


def _take_int64(editor: Editor, name: str) -> None:
    """Cast an input of another type in the graph."""
    value = editor.inputs[name]
    kind = value.type.tensor_type.elem_type
    if kind == TensorProto.INT64:
        return
    own = f"penstock/{name}"
    editor.rename_readings(name, own)
    editor.graph.node.insert(0, helper.make_node("Cast", [name], [own], name=own, to=kind))
    value.type.tensor_type.elem_type = TensorProto.INT64


def counts_from_mask(editor: Editor) -> bool:
    """Whether the graph counts positions by its mask, so that padding has none."""
    return any(node.op_type == "CumSum" for node in all_nodes(editor.graph))


def max_positions(editor: Editor) -> int | None:
    """Return the length of the shortest rotary table, if there are any."""
    lengths = []
    for node in all_nodes(editor.graph):
        place = TABLES.get((node.domain, node.op_type), len(node.input))
        table = editor.constants.get(node.input[place]) if place < len(node.input) else None
        if table is not None and len(table.dims) == 2:
            lengths.append(int(table.dims[0]))
    return min(lengths, default=None)

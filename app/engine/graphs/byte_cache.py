"""A cache kept in bytes, one scale a channel: written as bytes, and in full where a prompt is read.

ONNX Runtime's attention over bytes is twice as fast for a token as over floats, and half as fast for
a chunk of a prompt. So each attention becomes two, of which a switch takes one: bytes for tokens that
are written, floats for a prompt, whose keys and values the caller turns into bytes chunk by chunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from app.engine.graphs.cache import GROUPED, PAST_KEY, PAST_VALUE, FoundCache
from app.engine.graphs.editing import Editor, attribute, refused, word
from app.engine.graphs.layout import IS_PROMPT

KEY_SCALE = 12  # inputs of GroupQueryAttention; the value's follows
KINDS = ("PER_TENSOR", "PER_CHANNEL")
QUANTISING = ("k_quant_type", "v_quant_type", "kv_cache_bit_width")
IN_FULL = "prompt."
"""What the names of inputs and outputs for a prompt begin with."""
FLOATS = [TensorProto.FLOAT, TensorProto.FLOAT]
BYTES = [TensorProto.INT8, TensorProto.INT8]


@dataclass(frozen=True, slots=True)
class PromptCache:
    """What a graph with a cache of bytes takes and gives for a prompt, in the order of its cache."""

    past: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    scales: tuple[NDArray[np.float32], ...] = ()
    """What a byte is worth: each can be spread to [1, heads, 1, head_dim]."""


def split_prompts(editor: Editor, found: FoundCache) -> PromptCache:
    """Give every attention over bytes a second form for prompts; empty if there are no bytes.

    Raises:
        Refused: a cache of bytes in a form that is not known.
    """
    if not _has_bytes(editor):
        return PromptCache()
    scales: list[NDArray[np.float32]] = []
    nodes = [NodeProto.FromString(node.SerializeToString()) for node in editor.graph.node]
    for place, node in enumerate(nodes):
        if node.op_type == GROUPED:
            scales += _scales(editor, node)
            nodes[place] = _switch(node)
    editor.add_input(IS_PROMPT, TensorProto.BOOL, [1])
    editor.graph.input.extend(_in_full(editor.inputs[name]) for name in found.past)
    editor.graph.output.extend(_in_full(editor.outputs[name]) for name in found.present)
    del editor.graph.node[:]
    editor.graph.node.extend(nodes)
    past, present = (tuple(map(_named, names)) for names in (found.past, found.present))
    return PromptCache(past, present, tuple(scales))


def _has_bytes(editor: Editor) -> bool:
    return any(
        node.op_type == GROUPED and word(node, "k_quant_type", "NONE") != "NONE"
        for node in editor.graph.node
    )


def _scales(editor: Editor, node: NodeProto) -> Iterator[NDArray[np.float32]]:
    """Yield what a byte of the keys and of the values is worth."""
    kinds = {word(node, name, "NONE") for name in QUANTISING[:2]}
    if not kinds <= set(KINDS) or attribute(node, "kv_cache_bit_width", 8) != 8:
        raise refused(node, "a cache of bytes has 8 bits, and keys and values have scales")
    for name in node.input[KEY_SCALE : KEY_SCALE + 2]:
        tensor = editor.constants.get(name)
        if tensor is None or tensor.data_location == TensorProto.EXTERNAL:
            raise refused(node, "the scales of its cache must be constants in model.onnx itself")
        yield numpy_helper.to_array(tensor).astype(np.float32)


def _switch(node: NodeProto) -> NodeProto:
    """Return the choice between both forms; the one that is not taken leaves its cache alone."""
    place = node.name or node.output[0]
    past, present = list(node.input[PAST_KEY : PAST_VALUE + 1]), list(node.output[1:3])
    full, short = deepcopy(node), deepcopy(node)
    full.input[PAST_KEY], full.input[PAST_VALUE] = map(_named, past)
    del full.input[KEY_SCALE:]
    kept = [each for each in node.attribute if each.name not in QUANTISING]
    del full.attribute[:]
    full.attribute.extend(kept)
    return helper.make_node(
        "If",
        [IS_PROMPT],
        [node.output[0], *map(_named, present), *present],
        name=place,
        then_branch=_branch(full, f"{place}/prompt", past, bytes_last=True),
        else_branch=_branch(short, f"{place}/written", list(map(_named, past)), bytes_last=False),
    )


def _branch(node: NodeProto, place: str, untouched: list[str], *, bytes_last: bool) -> GraphProto:
    """Return one form; floats come before bytes in its results, whichever it writes."""
    node.name = place
    node.output[:] = [f"{place}/mixed", f"{place}/key", f"{place}/value"]
    passed = [f"{place}/passed/{number}" for number in range(len(untouched))]
    copies = [
        # Nothing is copied: both ends are bound to one place.
        helper.make_node("Identity", [name], [result])
        for name, result in zip(untouched, passed, strict=True)
    ]
    written = list(node.output[1:])
    results = [*written, *passed] if bytes_last else [*passed, *written]
    typed = zip([node.output[0], *results], [FLOATS[0], *FLOATS, *BYTES], strict=True)
    told = [helper.make_tensor_value_info(name, kind, None) for name, kind in typed]
    return helper.make_graph([node, *copies], place, [], told)


def _named(name: str) -> str:
    return f"{IN_FULL}{name}"


def _in_full(value: ValueInfoProto) -> ValueInfoProto:
    other = deepcopy(value)
    other.name = _named(value.name)
    other.type.tensor_type.elem_type = TensorProto.FLOAT
    return other

"""Finding a decoder's key/value cache: which inputs, which outputs, and how large."""

from __future__ import annotations

import re
from dataclasses import dataclass

from onnx import NodeProto, ValueInfoProto

from app.engine.graphs.editing import Editor, Refused, attribute, dims, refused
from app.engine.graphs.layout import Cache
from app.engine.graphs.widths import width

GROUPED = "GroupQueryAttention"
PAST_KEY, PAST_VALUE = 3, 4  # inputs of GroupQueryAttention; the outputs 1 and 2 belong to them
NO_STATES = ("cache_position",)
ALIEN = {
    "PagedAttention": "it runs on NVIDIA GPUs in onnxruntime-genai only; export again without "
    "use_paged_attention",
    "SparseAttention": "export again with GroupQueryAttention or plain attention",
    "DecoderMaskedMultiHeadAttention": "export again with GroupQueryAttention or plain attention",
    "DecoderMaskedSelfAttention": "export again with GroupQueryAttention or plain attention",
}


@dataclass(frozen=True, slots=True)
class FoundCache:
    """The cache of a graph, layer by layer."""

    kind: Cache
    past: tuple[str, ...]
    present: tuple[str, ...]
    num_kv_heads: int
    head_dim: int
    elem_type: int
    """Number of the type in ONNX."""


def find_cache(editor: Editor) -> FoundCache:
    """Find it.

    Raises:
        Refused: there is none, or it is kept in a way that cannot be served.
    """
    for node in editor.graph.node:
        if node.op_type in ALIEN:
            raise refused(node, ALIEN[node.op_type])
    grouped = [node for node in editor.graph.node if node.op_type == GROUPED]
    found = _shared(editor, grouped) if grouped else _concatenated(editor)
    _check_all_used(editor, found)
    return found


def _shared(editor: Editor, nodes: list[NodeProto]) -> FoundCache:
    past: list[str] = []
    present: list[str] = []
    for node in nodes:
        kept = list(node.input[PAST_KEY : PAST_VALUE + 1])
        if not set(kept) <= set(editor.inputs) or not set(node.output[1:3]) <= set(editor.outputs):
            raise refused(node, "its cache must come from the graph's inputs and go to its outputs")
        past += kept
        present += node.output[1:3]
    heads = attribute(nodes[0], "kv_num_heads")
    first = editor.inputs[past[0]]
    size = dims(first)[3]
    size = size if isinstance(size, int) and size > 0 else _head_dim(editor, nodes[0])
    kind = first.type.tensor_type.elem_type
    return FoundCache(Cache.SHARED, tuple(past), tuple(present), heads, size, kind)


def _head_dim(editor: Editor, node: NodeProto) -> int:
    """Return the size of a head from the width of the queries, which the cache's shape leaves out."""
    heads, kv_heads = attribute(node, "num_heads"), attribute(node, "kv_num_heads")
    together = heads if node.input[1] else heads + 2 * kv_heads  # else packed with key and value
    found = width(editor, node.input[0])
    if not found or not together or found % together:
        raise refused(
            node, "the size of its heads is not to be found; name it in the cache's shape"
        )
    return found // together


def _concatenated(editor: Editor) -> FoundCache:
    past, present = _by_place(editor.inputs, "past"), _by_place(editor.outputs, "present")
    if not past:
        raise Refused(
            "the graph has no key/value cache (inputs past_key_values.N.key and .value): export it "
            "with its cache, as text-generation-with-past"
        )
    if set(past) != set(present):
        odd = min(set(past) ^ set(present))
        raise Refused(f"past and present do not belong together: layer {odd[0]}, {odd[1]}")
    places = sorted(past)
    heads, size = _sizes(past[places[0]], present[places[0]])
    return FoundCache(
        Cache.CONCATENATED,
        tuple(past[place].name for place in places),
        tuple(present[place].name for place in places),
        heads,
        size,
        past[places[0]].type.tensor_type.elem_type,
    )


def _by_place(
    values: dict[str, ValueInfoProto], prefix: str
) -> dict[tuple[int, str], ValueInfoProto]:
    """Return the values named `prefix`, by layer and part."""
    found: dict[tuple[int, str], ValueInfoProto] = {}
    for name, value in values.items():
        if not name.startswith(prefix):
            continue
        bare = name.replace("key_values", "")
        layer, parts = re.findall(r"\d+", bare), re.findall(r"key|value", bare)
        if "encoder" in name or len(layer) != 1 or len(parts) != 1:
            raise Refused(
                f"{name!r} is no key or value of one layer of a decoder: export the decoder with a "
                "cache of past_key_values.N.key and past_key_values.N.value"
            )
        found[int(layer[0]), parts[0]] = value
    return found


def _sizes(past: ValueInfoProto, present: ValueInfoProto) -> tuple[int, int]:
    """Return number and size of the heads."""
    for shape in (dims(past), dims(present)):
        if len(shape) != 4:
            raise Refused(
                f"{past.name!r} has {len(shape)} dimensions instead of [batch, heads, length, size]"
            )
        heads, size = shape[1], shape[3]
        if isinstance(heads, int) and isinstance(size, int) and heads > 0 and size > 0:
            return heads, size
    raise Refused(f"{past.name!r} leaves number and size of the heads open: name them in its shape")


def _check_all_used(editor: Editor, found: FoundCache) -> None:
    """Refuse a cache with parts of another kind or size, such as recurrent states."""
    first = editor.inputs[found.past[0]]
    for name, value in editor.inputs.items():
        if not name.startswith(("past", "cache", "conv", "recurrent", "ssm")) or name in NO_STATES:
            continue
        if name not in found.past or _differs(value, first):
            raise Refused(
                f"the state {name!r} is not like that of the other layers: models that mix kinds "
                "of attention, or have recurrent states, cannot be served"
            )


def _differs(one: ValueInfoProto, other: ValueInfoProto) -> bool:
    kinds = {value.type.tensor_type.elem_type for value in (one, other)}
    return len(kinds) > 1 or [dims(one)[1], dims(one)[3]] != [dims(other)[1], dims(other)[3]]

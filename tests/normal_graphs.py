"""Tiny decoder graphs in the two normalised forms, whose words depend on all they have read."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper

from app.engine.graphs import Cache, DecoderLayout, PositionIds
from app.runtime import Graph
from tests.graphs import Graph as Draft

LAYERS, HEADS, HEAD_DIM, VOCABULARY, POSITIONS = 2, 2, 16, 259, 512
WIDTH = HEADS * HEAD_DIM
MICROSOFT = "com.microsoft"
PAIRS = [f"{layer}.{part}" for layer in range(LAYERS) for part in ("key", "value")]
LAYOUT = DecoderLayout(
    cache=Cache.SHARED,
    num_layers=LAYERS,
    num_kv_heads=HEADS,
    head_dim=HEAD_DIM,
    kv_dtype=np.dtype(np.float32),
    vocab_size=VOCABULARY,
    past=tuple(f"past_key_values.{pair}" for pair in PAIRS),
    present=tuple(f"present.{pair}" for pair in PAIRS),
)
APART = DecoderLayout(
    **{name: getattr(LAYOUT, name) for name in LAYOUT.__slots__}
    | {"cache": Cache.CONCATENATED, "position_ids": PositionIds.TWO_D}
)


def opened(model: onnx.ModelProto, kind: type[Graph] = Graph) -> Graph:
    """Open a graph with one thread."""
    return kind(session_of(model))


def session_of(model: onnx.ModelProto) -> ort.InferenceSession:
    """Open a session with one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    content = model.SerializeToString()
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def shared(table: NDArray[np.float32] | None = None, mixing: float = 1.0) -> onnx.ModelProto:
    """Return a graph that writes into the cache."""
    random = np.random.default_rng(7)
    graph = Draft("input_ids", "last_token")
    state = graph.op("Gather", graph.constant(_weights(random, VOCABULARY, WIDTH)), "input_ids")
    angles = np.outer(np.arange(POSITIONS), 100.0 ** -np.linspace(0, 1, HEAD_DIM // 2))
    turns = [graph.constant(turn(angles).astype(np.float32)) for turn in (np.cos, np.sin)]
    for layer in range(LAYERS):
        parts = [_through(graph, random, state) for _ in range(3)]
        past = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
        present = [f"present.{layer}.{part}" for part in ("key", "value")]
        graph.nodes.append(
            helper.make_node(
                "GroupQueryAttention",
                [*parts, *past, "seqlens_k", "total_sequence_length", *turns],
                [f"mixed.{layer}", *present],
                domain=MICROSOFT,
                num_heads=HEADS,
                kv_num_heads=HEADS,
                do_rotary=1,
            )
        )
        state = graph.op("Tanh", graph.op("Add", state, f"mixed.{layer}"))
    model = _close(graph, random, state, (table, mixing))
    for value in model.graph.input:
        if value.name == "last_token":
            value.type.tensor_type.shape.dim[1].dim_value = 1
    for name, shape in (("seqlens_k", ["batch"]), ("total_sequence_length", [1])):
        value = helper.make_tensor_value_info(name, TensorProto.INT32, shape)
        model.graph.input.append(value)
    model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    return model


def concatenated(table: NDArray[np.float32] | None = None, mixing: float = 1.0) -> onnx.ModelProto:
    """Return a graph that gives a new cache, with a mask and positions."""
    random = np.random.default_rng(7)
    graph = Draft("input_ids", "last_token", "attention_mask", "position_ids")
    rows = graph.op("Gather", graph.constant(_weights(random, VOCABULARY, WIDTH)), "input_ids")
    places = graph.constant(_weights(random, POSITIONS, WIDTH))
    state = graph.op("Add", rows, graph.op("Gather", places, "position_ids"))
    for layer in range(LAYERS):
        mixed = _attention(graph, random, state, layer)
        state = graph.op("Tanh", graph.op("Add", state, mixed))
    return _close(graph, random, state, (table, mixing))


def _attention(graph: Draft, random: np.random.Generator, state: str, layer: int) -> str:
    query, key, value = (_heads(graph, _through(graph, random, state)) for _ in range(3))
    past, present = f"past_key_values.{layer}", f"present.{layer}"
    graph.op("Concat", f"{past}.key", key, axis=2, output=f"{present}.key")
    graph.op("Concat", f"{past}.value", value, axis=2, output=f"{present}.value")
    turned = graph.op("Transpose", f"{present}.key", perm=[0, 1, 3, 2])
    scores = graph.op("MatMul", query, turned)
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    square = graph.op("ConstantOfShape", graph.op("Shape", scores, start=2, end=4), value=one)
    length = graph.op("Squeeze", graph.op("Shape", f"{past}.key", start=2, end=3))
    earlier = graph.op("Trilu", square, length, upper=0)
    real = graph.widen(graph.floats("attention_mask"), 1, 2)
    allowed = graph.op("Cast", graph.op("Mul", earlier, real), to=TensorProto.BOOL)
    masked = graph.op("Where", allowed, scores, graph.constant(-1e9))
    mixed = graph.op("MatMul", graph.op("Softmax", masked, axis=-1), f"{present}.value")
    joined = graph.op("Transpose", mixed, perm=[0, 2, 1, 3])
    return graph.op("Reshape", joined, graph.constant([0, 0, WIDTH]))


def _heads(graph: Draft, values: str) -> str:
    split = graph.op("Reshape", values, graph.constant([0, 0, HEADS, HEAD_DIM]))
    return graph.op("Transpose", split, perm=[0, 2, 1, 3])


def _through(graph: Draft, random: np.random.Generator, state: str) -> str:
    return graph.op("MatMul", state, graph.constant(_weights(random, WIDTH, WIDTH) / 4))


def _close(
    graph: Draft,
    random: np.random.Generator,
    state: str,
    known: tuple[NDArray[np.float32] | None, float],
) -> onnx.ModelProto:
    """Say `table[last token]` plus `mixing` times what was read."""
    table, mixing = known
    size = VOCABULARY if table is None else len(table)
    last = graph.op("GatherND", state, "last_token", batch_dims=1)
    said = graph.op("MatMul", last, graph.constant(_weights(random, WIDTH, size)))
    if table is not None:
        token = graph.op("GatherND", "input_ids", "last_token", batch_dims=1)
        said = graph.op("Mul", said, graph.constant(mixing))
        said = graph.op("Add", said, graph.op("Gather", graph.constant(table), token))
    graph.op("Identity", said, output="logits")
    cache: list[int | str] = ["batch", HEADS, "room", HEAD_DIM]
    model = graph.model(
        logits=["batch", size],
        **{f"present.{pair}": [*cache[:2], "new", HEAD_DIM] for pair in PAIRS},
    )
    for pair in PAIRS:
        value = helper.make_tensor_value_info(f"past_key_values.{pair}", TensorProto.FLOAT, cache)
        model.graph.input.append(value)
    return model


def _weights(random: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return random.normal(size=shape).astype(np.float32)

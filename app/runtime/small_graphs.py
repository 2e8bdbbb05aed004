"""Graphs of a few nodes, made here: numpy does not reach the GPU's memory, so they work on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.runtime.distribution import import_onnxruntime
from app.runtime.graph import CUDA, Graph
from app.runtime.turns import GPU

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto, ValueInfoProto

OPSET = 17
"""Older than the newest: every operator of it has a kernel for the GPU."""
IR_VERSION = 10


def open_small(
    nodes: Sequence[NodeProto],
    inputs: Sequence[ValueInfoProto],
    outputs: Sequence[ValueInfoProto],
    constants: Sequence[TensorProto] = (),
    *,
    is_on_gpu: bool,
) -> Graph:
    """Open a graph of these nodes, with one thread on a CPU."""
    from onnx import helper  # only servers whose cache lies on a GPU need it

    graph = helper.make_graph(list(nodes), "small", list(inputs), list(outputs), list(constants))
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    ort = import_onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    providers = [CUDA] if is_on_gpu else []
    providers.append("CPUExecutionProvider")
    with GPU:
        return Graph(ort.InferenceSession(model.SerializeToString(), options, providers=providers))

"""From a torch module to a float ONNX graph."""

from __future__ import annotations

import logging
import warnings

import onnx
import torch
from onnx import TensorProto

from app.bundles.manifest import Tensor
from scripts.bundling.modules import Exportable

DTYPES: dict[int, str] = {TensorProto.INT64: "int64", TensorProto.FLOAT: "float32"}
TRACED_SHAPE = (2, 7)
DRAFT_NAME = "{}_of_graph"


def to_onnx(module: Exportable, *, max_tokens: int) -> onnx.ModelProto:
    """Export with free batch and sequence lengths.

    The graph is traced on two rows of seven tokens; the parity gate looks at other shapes.
    """
    traced = tuple(torch.ones(TRACED_SHAPE, dtype=torch.int64) for _ in module.inputs)
    axes = {
        0: torch.export.Dim("batch"),
        1: torch.export.Dim("sequence", max=max_tokens),
    }
    program = _export(module, traced, axes)
    model: onnx.ModelProto = program.model_proto
    for name in module.outputs:
        _rename(model.graph, name, f"{name}_inner")
        _rename(model.graph, DRAFT_NAME.format(name), name)
    forget_traces(model)
    onnx.checker.check_model(model)
    return model


def _export(
    module: Exportable, traced: tuple[torch.Tensor, ...], axes: dict[int, torch.export.Dim]
) -> torch.onnx.ONNXProgram:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # The exporter warns of its own deprecated calls and of axes that share a name.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            traced,
            dynamo=True,
            verbose=False,
            input_names=list(module.inputs),
            # The exporter gives inner values the names it likes, `embedding` for one, and does
            # not notice that an output has the same name.
            output_names=[DRAFT_NAME.format(name) for name in module.outputs],
            dynamic_shapes=dict.fromkeys(module.inputs, axes),
        )
    if program is None:
        raise RuntimeError("the exporter returned nothing")
    return program


def tensors(values: list[onnx.ValueInfoProto]) -> tuple[Tensor, ...]:
    """Describe a graph's inputs or outputs as the manifest does."""
    return tuple(
        Tensor(
            name=value.name,
            dtype=DTYPES[value.type.tensor_type.elem_type],
            shape=tuple(d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim),
        )
        for value in values
    )


def forget_traces(model: onnx.ModelProto) -> None:
    """Drop the exporter's notes: stack traces with the paths of this machine."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    for weight in graph.initializer:
        weight.doc_string = ""
        del weight.metadata_props[:]


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for value in (*graph.output, *graph.value_info):
        if value.name == old:
            value.name = new

"""Decoders in bfloat16, which no processor runs: their twins in float32, with the same weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, ValueInfoProto, numpy_helper

from app.bundles.bundle import read_manifest
from app.bundles.manifest import MODEL, File
from app.hub.recognition import GraphForm
from scripts.bundling.decoders import SMALL_BYTES, WEIGHTS
from scripts.folders import digest


def widen(export: Path, folder: Path) -> Path:
    """Copy an export and let it compute in float32; returns the folder."""
    shutil.copytree(export, folder)
    model = onnx.load(export / MODEL)
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.BFLOAT16:
            values = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        _widen_value(value)
    for node in model.graph.node:
        for attribute in node.attribute:
            if (node.op_type, attribute.name, attribute.i) == ("Cast", "to", TensorProto.BFLOAT16):
                attribute.i = TensorProto.FLOAT
    for name in (MODEL, WEIGHTS):
        (folder / name).unlink()
    onnx.save_model(
        model,
        folder / MODEL,
        save_as_external_data=True,
        location=WEIGHTS,
        size_threshold=SMALL_BYTES,
    )
    return folder


def put_back(export: Path, draft: Path) -> None:
    """Let the bundle that was made of a twin hold the export itself."""
    for name in (MODEL, WEIGHTS):
        shutil.copyfile(export / name, draft / name)
    form, manifest = GraphForm(draft / MODEL), read_manifest(draft)
    files = {
        name: File(sha256=digest(draft / name), bytes=(draft / name).stat().st_size)
        for name in (MODEL, WEIGHTS)
    }
    update = {"inputs": form.inputs, "outputs": form.outputs, "files": {**manifest.files, **files}}
    manifest.model_copy(update=update).write(draft)


def _widen_value(value: ValueInfoProto) -> None:
    if value.type.tensor_type.elem_type == TensorProto.BFLOAT16:
        value.type.tensor_type.elem_type = TensorProto.FLOAT

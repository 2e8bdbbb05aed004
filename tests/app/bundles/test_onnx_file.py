"""Our own reading of ONNX files against the `onnx` package."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, external_data_helper, helper

from app.bundles.onnx_file import read_onnx_file
from app.errors import BundleError
from tests.bundles import write_decoder, write_reader

FLOAT = TensorProto.FLOAT


def external(location: str, offset: int = 0, length: int = 4) -> onnx.TensorProto:
    tensor = TensorProto(name=location, data_type=FLOAT, dims=[1], raw_data=b"\0\0\0\0")
    external_data_helper.set_external_data(tensor, location, offset=offset, length=length)
    tensor.ClearField("raw_data")
    return tensor


def constant(tensor: onnx.TensorProto, output: str = "c") -> onnx.NodeProto:
    return helper.make_node("Constant", [], [output], value=tensor)


def value(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, FLOAT, [1])


def graph(*nodes: onnx.NodeProto, weights: list[onnx.TensorProto] | None = None) -> onnx.GraphProto:
    return helper.make_graph(list(nodes), "g", [value("x")], [value("c")], weights or [])


def read(tmp_path: Path, model: onnx.ModelProto) -> set[str]:
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return {location for location, _, _ in read_onnx_file(path).external}


def test_operators_are_those_the_onnx_package_sees(tmp_path: Path) -> None:
    for folder in (write_reader(tmp_path), write_decoder(tmp_path)):
        model = onnx.load(folder / "model.onnx")

        found = read_onnx_file(folder / "model.onnx")

        assert found.operators == {node.op_type for node in model.graph.node}
        assert found.external == set()
        assert found.elements >= 1_000


def test_weights_offsets_and_lengths_are_found(tmp_path: Path) -> None:
    model = helper.make_model(graph(constant(external("z")), weights=[external("w", 16, 4)]))
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())

    assert read_onnx_file(path).external == {("w", 16, 4), ("z", 0, 4)}


def test_weights_hidden_in_a_branch_are_found(tmp_path: Path) -> None:
    branch = graph(constant(external("inner")))
    outer = helper.make_node("If", ["x"], ["c"], then_branch=branch, else_branch=branch)

    assert read(tmp_path, helper.make_model(graph(outer))) == {"inner"}


def test_weights_hidden_in_lists_of_attributes_are_found(tmp_path: Path) -> None:
    node = helper.make_node("Odd", ["x"], ["c"])
    node.attribute.append(helper.make_attribute("tensors", [external("one"), external("two")]))
    node.attribute.append(helper.make_attribute("graphs", [graph(constant(external("three")))]))

    assert read(tmp_path, helper.make_model(graph(node))) == {"one", "two", "three"}


def test_weights_hidden_in_a_function_are_found(tmp_path: Path) -> None:
    function = helper.make_function(
        "own", "F", ["x"], ["c"], [constant(external("f"))], [helper.make_opsetid("", 20)]
    )
    call = helper.make_node("F", ["x"], ["c"], domain="own")

    assert read(tmp_path, helper.make_model(graph(call), functions=[function])) == {"f"}


def test_weights_hidden_in_the_default_of_a_function_are_found(tmp_path: Path) -> None:
    function = helper.make_function(
        "own", "F", ["x"], ["c"], [constant(external("f"))], [helper.make_opsetid("", 20)]
    )
    function.attribute_proto.append(helper.make_attribute("value", external("default")))
    call = helper.make_node("F", ["x"], ["c"], domain="own")

    assert "default" in read(tmp_path, helper.make_model(graph(call), functions=[function]))


def test_weights_hidden_in_sparse_tensors_and_training_graphs_are_found(tmp_path: Path) -> None:
    model = helper.make_model(graph(helper.make_node("Identity", ["x"], ["c"])))
    sparse = model.graph.sparse_initializer.add()
    sparse.values.CopyFrom(external("values"))
    sparse.indices.CopyFrom(external("indices"))
    model.training_info.add().initialization.CopyFrom(graph(constant(external("train"))))

    assert read(tmp_path, model) == {"values", "indices", "train"}


def test_the_last_location_of_a_tensor_counts_as_it_does_for_protobuf(tmp_path: Path) -> None:
    tensor = external("first")
    tensor.external_data.add(key="location", value="second")

    assert read(tmp_path, helper.make_model(graph(constant(tensor)))) == {"second"}


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    content = b""
    for _ in range(100):  # a graph in an attribute of a node of a graph of ...
        content = wrap(1, wrap(5, wrap(6, content)))
    path = tmp_path / "model.onnx"
    path.write_bytes(wrap(7, content))

    with pytest.raises(BundleError, match="not a readable ONNX file"):
        read_onnx_file(path)


def wrap(number: int, content: bytes) -> bytes:
    """Write a message as a field of another."""
    size, length = bytearray(), len(content)
    while length > 0x7F:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    size.append(length)
    return bytes([number << 3 | 2]) + bytes(size) + content


def test_a_tensor_of_endless_dimensions_is_refused(tmp_path: Path) -> None:
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[2**62] * 100_000)

    with pytest.raises(BundleError, match="not a readable ONNX file"):
        read(tmp_path, helper.make_model(graph(constant(tensor))))


def test_a_model_without_nodes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="holds no graph"):
        read(tmp_path, helper.make_model(graph()))


@given(content=st.binary(max_size=400))
def test_random_bytes_never_do_more_than_be_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("random") / "model.onnx"
    path.write_bytes(content)
    try:
        found = read_onnx_file(path)
    except BundleError:
        return
    assert found.operators


@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_changed_byte_never_does_more_than_be_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int
) -> None:
    model = helper.make_model(graph(constant(external("w")), weights=[external("v", 16, 4)]))
    content = bytearray(model.SerializeToString())
    content[at % len(content)] = byte
    path = tmp_path_factory.mktemp("changed") / "model.onnx"
    path.write_bytes(content)
    try:
        read_onnx_file(path)
    except BundleError:
        return

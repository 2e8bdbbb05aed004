"""A model without its weights, and where it says they are."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper, numpy_helper

from app.bundles.skeleton import SMALLEST, skeleton

PLACE = "model.onnx"
SIZES = st.lists(st.integers(0, 3 * SMALLEST // 4), max_size=6)


def model_of(*weights: TensorProto) -> ModelProto:
    node = helper.make_node("Identity", ["x"], ["y"])
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy"]
    return helper.make_model(helper.make_graph([node], "g", value[:1], value[1:], list(weights)))


def filled(model: ModelProto, content: bytes) -> ModelProto:
    """Put the weights back in from where the model says they are."""
    for tensor in model.graph.initializer:
        said = {entry.key: entry.value for entry in tensor.external_data}
        if said:
            assert said["location"] == PLACE
            start = int(said["offset"])
            raw = content[start : start + int(said["length"])]
            tensor.ClearField("external_data")
            tensor.ClearField("data_location")
            tensor.raw_data = raw
    return model


@given(SIZES)
def test_the_weights_are_found_where_it_says(sizes: list[int]) -> None:
    arrays = [np.arange(size, dtype=np.float32) for size in sizes]
    model = model_of(*(numpy_helper.from_array(each, f"w{at}") for at, each in enumerate(arrays)))
    content = model.SerializeToString()

    bare = skeleton(memoryview(content), PLACE)

    parsed = onnx.load_model_from_string(bare)
    left = [len(tensor.raw_data) for tensor in parsed.graph.initializer]
    assert left == [each.nbytes if each.nbytes < SMALLEST else 0 for each in arrays]
    assert filled(parsed, content) == model


def test_what_a_tensor_says_about_its_place_itself_counts_no_more() -> None:
    tensor = numpy_helper.from_array(np.zeros(SMALLEST, dtype=np.float32), "w")
    tensor.data_location = TensorProto.DEFAULT
    tensor.external_data.add(key="location", value="/etc/passwd")
    content = model_of(tensor).SerializeToString()

    (bare,) = onnx.load_model_from_string(skeleton(memoryview(content), PLACE)).graph.initializer

    assert bare.data_location == TensorProto.EXTERNAL
    assert [entry.value for entry in bare.external_data if entry.key == "location"] == [PLACE]


def test_weights_outside_of_the_file_stay_where_they_are() -> None:
    tensor = TensorProto(name="w", dims=[9_000], data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="model.onnx_data")
    content = model_of(tensor).SerializeToString()

    assert skeleton(memoryview(content), PLACE) == content


@given(st.binary(max_size=200))
def test_bytes_that_are_no_model_end_in_an_error_or_in_bytes(content: bytes) -> None:
    try:
        found = skeleton(memoryview(content), PLACE)
    except (ValueError, IndexError):
        return
    assert isinstance(found, bytes)


@pytest.mark.parametrize("cut", [1, 50, 2_000])
def test_a_cut_off_model_is_refused(cut: int) -> None:
    weights = numpy_helper.from_array(np.zeros(SMALLEST, dtype=np.float32), "w")
    content = model_of(weights).SerializeToString()

    with pytest.raises((ValueError, IndexError)):
        skeleton(memoryview(content[:-cut]), PLACE)

from __future__ import annotations

import pytest

from app.errors import BundleError
from app.hub.variants import Hardware, choose, find_variants

COMMUNITY = {
    "config.json": 10,
    "onnx/model.onnx": 1,
    "onnx/model.onnx_data": 400,
    "onnx/model.onnx_data_1": 100,
    "onnx/model_fp16.onnx": 1,
    "onnx/model_fp16.onnx_data": 250,
    "onnx/model_int8.onnx": 130,
    "onnx/model_quantized.onnx": 131,
    "onnx/model_q4.onnx": 90,
    "onnx/model_q4f16.onnx": 60,
    "onnx/model_bnb4.onnx": 80,
    "onnx/model_uint8.onnx": 132,
}
MERGED = {
    "onnx/decoder_model.onnx": 1,
    "onnx/decoder_with_past_model.onnx": 1,
    "onnx/decoder_model_merged.onnx": 500,
    "onnx/decoder_model_merged_quantized.onnx": 130,
}
GENAI = {
    "cpu_and_mobile/cpu-int4-rtn-block-32/model.onnx": 1,
    "cpu_and_mobile/cpu-int4-rtn-block-32/model.onnx.data": 90,
    "cuda/cuda-fp16/model.onnx": 1,
    "cuda/cuda-fp16/model.onnx.data": 270,
    "cuda/cuda-int4-rtn-block-32/model.onnx": 1,
    "directml/directml-int4/model.onnx": 1,
}
VISION = {
    "onnx/vision_encoder.onnx": 1,
    "onnx/embed_tokens.onnx": 1,
    "onnx/decoder_model_merged_q4.onnx": 1,
}


@pytest.mark.parametrize(
    ("files", "hardware", "graph"),
    [
        (COMMUNITY, "cpu", "onnx/model_q4.onnx"),
        (COMMUNITY, "gpu", "onnx/model_fp16.onnx"),
        (MERGED, "cpu", "onnx/decoder_model_merged_quantized.onnx"),
        (MERGED, "gpu", "onnx/decoder_model_merged.onnx"),
        (GENAI, "cpu", "cpu_and_mobile/cpu-int4-rtn-block-32/model.onnx"),
        (GENAI, "gpu", "cuda/cuda-fp16/model.onnx"),
        (VISION, "cpu", "onnx/decoder_model_merged_q4.onnx"),
        ({"model.onnx": 1}, "cpu", "model.onnx"),
        ({"odd.onnx": 1}, "gpu", "odd.onnx"),
    ],
)
def test_the_hardware_decides(files: dict[str, int], hardware: Hardware, graph: str) -> None:
    assert choose(find_variants(files), hardware).graph == graph


@pytest.mark.parametrize(
    ("files", "wanted", "graph"),
    [
        (COMMUNITY, "fp16", "onnx/model_fp16.onnx"),
        (COMMUNITY, "q4f16", "onnx/model_q4f16.onnx"),
        (COMMUNITY, "bnb4", "onnx/model_bnb4.onnx"),
        (COMMUNITY, "onnx/model", "onnx/model.onnx"),
        (COMMUNITY, "onnx/model_int8.onnx", "onnx/model_int8.onnx"),
        (GENAI, "cuda-fp16", "cuda/cuda-fp16/model.onnx"),
        (GENAI, "directml", "directml/directml-int4/model.onnx"),
        (MERGED, "decoder", None),
        (COMMUNITY, "onnx", None),
        (COMMUNITY, "q9", None),
    ],
)
def test_a_wanted_one_is_found_or_all_are_named(
    files: dict[str, int], wanted: str, graph: str | None
) -> None:
    variants = find_variants(files)
    if graph:
        assert choose(variants, "cpu", wanted).graph == graph
    else:
        with pytest.raises(BundleError, match=r"\.onnx"):
            choose(variants, "cpu", wanted)


def test_weights_beside_a_graph_count_for_it() -> None:
    sizes = {variant.graph: variant for variant in find_variants(COMMUNITY)}

    assert sizes["onnx/model.onnx"].bytes == 501
    assert sizes["onnx/model.onnx"].weights == ("onnx/model.onnx_data", "onnx/model.onnx_data_1")
    assert sizes["onnx/model_fp16.onnx"].bytes == 251
    assert sizes["onnx/model_q4.onnx"].weights == ()


def test_two_that_fit_as_well_are_a_question() -> None:
    with pytest.raises(BundleError, match=r"--variant: a/model.onnx, b/model.onnx"):
        choose(find_variants({"a/model.onnx": 1, "b/model.onnx": 1}), "cpu")


def test_without_a_graph_there_is_nothing_to_choose() -> None:
    with pytest.raises(BundleError, match="export the model"):
        choose(find_variants({"pytorch_model.bin": 1}), "cpu")

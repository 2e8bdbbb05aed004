"""Opening and running graphs."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from app.bundles import Bundle, load_bundle
from app.bundles.manifest import Canary, FeatureExtraction
from app.errors import BundleError, ModelFailed, ModelOutputInvalid, Overloaded, StartupError
from app.runtime import Graph, Interrupt, Interrupted, checked, open_graph
from app.settings.model import RuntimeSettings
from tests.bundles import reseal, seal, write_classifier
from tests.vocabulary import tokenizer, vocabulary

CPU = RuntimeSettings(provider="cpu")


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    write_classifier(tmp_path, {"insult": ["idiot"]})
    return load_bundle(tmp_path, "toxicity")


def feeds(*tokens: int) -> dict[str, np.ndarray[tuple[int, int], np.dtype[np.int64]]]:
    ids = np.array([tokens], dtype=np.int64)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def own_bundle(models_dir: Path, model: onnx.ModelProto) -> Bundle:
    """Write a bundle around any graph."""
    folder = models_dir / "own" / "1"
    folder.mkdir(parents=True)
    model.ir_version = 10
    onnx.save(model, folder / "model.onnx")
    tokenizer(vocabulary()).save(str(folder / "tokenizer.json"))
    seal(folder, FeatureExtraction(dimension=1), [Canary(text="a")])
    return load_bundle(models_dir, "own")


def model_of(*nodes: onnx.NodeProto, weights: list[onnx.TensorProto]) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "n"])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])


def test_a_graph_runs_and_says_where_and_what_it_takes(bundle: Bundle) -> None:
    graph = open_graph(bundle, RuntimeSettings())

    outputs = graph.run(feeds(2, 3))

    assert outputs["logits"].shape == (1, 1)
    assert graph.is_on_gpu is False
    assert [(t.name, t.dtype) for t in graph.inputs] == [
        ("input_ids", "int64"),
        ("attention_mask", "int64"),
    ]
    assert [(t.name, t.dtype, t.shape) for t in graph.outputs] == [
        ("logits", "float32", ("batch", 1))
    ]


def test_a_demanded_gpu_that_is_not_got_stops_the_start(bundle: Bundle) -> None:
    with pytest.raises(StartupError, match=r'provider is "cuda".*nvidia-smi'):
        open_graph(bundle, RuntimeSettings(provider="cuda"))


def test_a_failing_run_is_a_failed_model(bundle: Bundle) -> None:
    graph = open_graph(bundle, CPU)

    with pytest.raises(ModelFailed) as caught:
        graph.run(feeds(10**9))

    assert caught.value.code == "model_failed"
    assert "1000000000" not in caught.value.message


def test_many_threads_run_one_graph_at_once(bundle: Bundle) -> None:
    graph = open_graph(bundle, CPU)
    alone = [graph.run(feeds(token))["logits"] for token in range(50)]
    found: dict[int, bool] = {}

    def run(token: int) -> None:
        found[token] = bool((graph.run(feeds(token))["logits"] == alone[token]).all())

    threads = [threading.Thread(target=run, args=(token,)) for token in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == dict.fromkeys(range(50), True)


def test_an_interrupt_stops_a_run_before_it_begins(bundle: Bundle) -> None:
    interrupt = Interrupt()
    interrupt.set()

    with pytest.raises(Interrupted):
        open_graph(bundle, CPU).run(feeds(1), interrupt)


def test_an_interrupt_stops_a_run_in_its_middle(tmp_path: Path) -> None:
    num = 2_000
    nodes = [
        helper.make_node("MatMul", ["x" if not i else f"m{i}", "x"], [f"m{i + 1}"])
        for i in range(num)
    ]
    last = helper.make_node("Identity", [f"m{num}"], ["y"])
    graph = open_graph(own_bundle(tmp_path, model_of(*nodes, last, weights=[])), CPU)
    interrupt, begun = Interrupt(), threading.Event()
    caught: list[BaseException] = []

    def run() -> None:
        begun.set()
        try:
            graph.run({"x": np.zeros((500, 500), dtype=np.float32)}, interrupt)
        except Interrupted as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait()
    interrupt.set()
    thread.join()

    assert len(caught) == 1


def test_a_graph_that_asks_for_too_much_memory_is_overload_not_a_crash(tmp_path: Path) -> None:
    shape = numpy_helper.from_array(np.array([2**20, 2**20]), "shape")
    fill = helper.make_node("ConstantOfShape", ["shape"], ["huge"])
    add = helper.make_node("ReduceSum", ["huge"], ["sum"], keepdims=1)
    total = helper.make_node("Add", ["x", "sum"], ["y"])
    graph = open_graph(own_bundle(tmp_path, model_of(fill, add, total, weights=[shape])), CPU)

    with pytest.raises(Overloaded, match="out of memory"):
        graph.run({"x": np.zeros((1, 1), dtype=np.float32)})


def test_what_onnx_runtime_cannot_load_is_refused_with_its_reason(tmp_path: Path) -> None:
    node = helper.make_node("NoSuchOperator", ["x"], ["y"])

    with pytest.raises(BundleError, match=r"own@1: ONNX Runtime cannot load .*NoSuchOperator"):
        open_graph(own_bundle(tmp_path, model_of(node, weights=[])), CPU)


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_a_graph_other_than_the_manifest_says_is_refused(tmp_path: Path, kind: str) -> None:
    folder = write_classifier(tmp_path, {"insult": ["idiot"]})
    manifest = load_bundle(tmp_path, "toxicity").manifest
    first, *rest = getattr(manifest, kind)
    reseal(folder, **{kind: (first.model_copy(update={"name": "other"}), *rest)})

    with pytest.raises(BundleError, match=f"describes other {kind} than the graph has"):
        open_graph(load_bundle(tmp_path, "toxicity"), CPU)


def test_external_weights_are_used_from_the_verified_bytes(tmp_path: Path, bundle: Bundle) -> None:
    folder = bundle.path
    expected = open_graph(bundle, CPU).run(feeds(5, 6))["logits"]
    model = onnx.load(folder / "model.onnx")
    onnx.save_model(
        model, folder / "model.onnx", save_as_external_data=True, location="model.onnx.data"
    )
    reseal(folder)
    moved = load_bundle(tmp_path, "toxicity")

    assert {location for location, _, _ in moved.graph.external} == {"model.onnx.data"}
    assert (open_graph(moved, CPU).run(feeds(5, 6))["logits"] == expected).all()


def test_external_weights_swapped_after_the_check_are_refused(
    tmp_path: Path, bundle: Bundle
) -> None:
    folder = bundle.path
    onnx.save_model(
        onnx.load(folder / "model.onnx"),
        folder / "model.onnx",
        save_as_external_data=True,
        location="model.onnx.data",
    )
    reseal(folder)
    moved = load_bundle(tmp_path, "toxicity")
    (folder / "model.onnx.data").write_bytes(bytes(moved.manifest.files["model.onnx.data"].bytes))

    with pytest.raises(BundleError, match=r"model\.onnx\.data changed"):
        open_graph(moved, CPU)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_invalid(bad: float) -> None:
    with pytest.raises(ModelOutputInvalid):
        checked(np.array([0.0, bad], dtype=np.float32), 2)


def test_a_wrong_shape_is_invalid() -> None:
    with pytest.raises(ModelOutputInvalid):
        checked(np.zeros(3, dtype=np.float32), 2)


def test_half_precision_comes_out_as_float32() -> None:
    assert checked(np.zeros(2, dtype=np.float16), 2).dtype == np.float32


def test_a_gpu_counts_only_when_the_session_got_it() -> None:
    class Session:
        def get_providers(self) -> list[str]:
            return ["CUDAExecutionProvider", "CPUExecutionProvider"]

        def get_inputs(self) -> list[object]:
            return []

        get_outputs = get_inputs

    assert Graph(Session()).is_on_gpu

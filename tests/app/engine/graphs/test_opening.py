"""From a bundle to an opened decoder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from app.bundles import load_bundle
from app.engine.graphs import DecoderLayout
from app.engine.graphs.opening import open_decoder
from app.errors import BundleError
from app.runtime import Graph
from app.settings.model import RuntimeSettings
from tests.bundles import reseal, write_decoder
from tests.decoding import Rows

CPU = RuntimeSettings(provider="cpu", threads=1)
TEXT = [3, 1, 4, 1, 5]


def said(graph: Graph, layout: DecoderLayout) -> list[float]:
    logits = Rows(graph, layout, num_rows=1).read(0, TEXT)
    return [float(number) for number in logits]


def test_a_bundle_opens_as_a_graph_and_its_layout(tmp_path: Path) -> None:
    write_decoder(tmp_path)

    graph, layout = open_decoder(load_bundle(tmp_path, "writer"), CPU)

    names = {tensor.name: tensor for tensor in graph.inputs}
    assert set(names) == {"input_ids", "position_ids", "last_token", *layout.past}
    assert [tensor.name for tensor in graph.outputs] == ["logits", *layout.present]
    assert len(said(graph, layout)) == layout.vocab_size


def test_weights_in_a_file_of_their_own_are_the_same(tmp_path: Path) -> None:
    folder = write_decoder(tmp_path)
    expected = said(*open_decoder(load_bundle(tmp_path, "writer"), CPU))
    onnx.save_model(
        onnx.load(folder / "model.onnx"),
        folder / "model.onnx",
        save_as_external_data=True,
        location="model.onnx_data",
        size_threshold=256,
    )
    reseal(folder)

    assert said(*open_decoder(load_bundle(tmp_path, "writer"), CPU)) == expected


def test_weights_changed_after_the_check_are_refused(tmp_path: Path) -> None:
    folder = write_decoder(tmp_path)
    bundle = load_bundle(tmp_path, "writer")
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(content)

    with pytest.raises(BundleError, match=r"model\.onnx changed while it was loaded"):
        open_decoder(bundle, CPU)


def test_a_refusal_names_bundle_and_node(tmp_path: Path) -> None:
    folder = write_decoder(tmp_path)
    model = onnx.load(folder / "model.onnx")
    for node in model.graph.node:
        if node.op_type == "Softmax":
            node.op_type, node.domain, node.name = "PagedAttention", "com.microsoft", "/attn"
    onnx.save(model, folder / "model.onnx")
    reseal(folder)

    with pytest.raises(BundleError, match=r"writer@1: node '/attn' \(com\.microsoft\.PagedAtt"):
        open_decoder(load_bundle(tmp_path, "writer"), CPU)


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_a_graph_other_than_the_manifest_says_is_refused(tmp_path: Path, kind: str) -> None:
    folder = write_decoder(tmp_path)
    first, *rest = getattr(load_bundle(tmp_path, "writer").manifest, kind)
    reseal(folder, **{kind: (first.model_copy(update={"name": "other"}), *rest)})

    with pytest.raises(BundleError, match=f"describes other {kind} than the graph has"):
        open_decoder(load_bundle(tmp_path, "writer"), CPU)


def test_what_begins_like_a_model_and_is_none_is_refused(tmp_path: Path) -> None:
    folder = write_decoder(tmp_path)
    content = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(content + b"\x3a\x02\x0a\x7f")
    reseal(folder)

    with pytest.raises(BundleError, match="readable"):
        open_decoder(load_bundle(tmp_path, "writer"), CPU)


def test_onnx_is_imported_for_decoders_only() -> None:
    program = "import sys, app.cli, app.engine.opening; sys.exit('onnx' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_layouts_count_what_a_token_costs(tmp_path: Path) -> None:
    write_decoder(tmp_path)

    layout = open_decoder(load_bundle(tmp_path, "writer"), CPU)[1]

    assert layout.kv_bytes_per_token == 2 * 2 * 2 * 8 * np.dtype(np.float32).itemsize


@pytest.mark.parametrize(("threads", "spin_us", "spins"), [(2, 7, "1"), (2, 0, "0"), (1, 7, "0")])
def test_threads_spin_as_long_as_the_settings_say(
    tmp_path: Path, threads: int, spin_us: int, spins: str
) -> None:
    write_decoder(tmp_path)
    settings = RuntimeSettings(provider="cpu", threads=threads, spin_us=spin_us)

    graph, _ = open_decoder(load_bundle(tmp_path, "writer"), settings)

    options = graph._session.get_session_options()
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == spins
    assert options.get_session_config_entry("session.intra_op.spin_duration_us") == str(spin_us)

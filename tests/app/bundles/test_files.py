"""Damaged and unsafe bundles are refused before anything in them is used."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, external_data_helper, helper

from app.bundles import load_bundle, read_manifest
from app.errors import BundleError
from tests.bundles import reseal, write_classifier


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_classifier(tmp_path / "models", {"insult": ["idiot"]})


def load(folder: Path) -> None:
    load_bundle(folder.parent.parent, "toxicity@1")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def scramble(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(path.stat().st_size))


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json", "README.md"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (flip, "is damaged: its sha256"),
        (scramble, "is damaged: its sha256"),
        (truncate, "bytes instead of"),
        (lambda path: path.write_bytes(b""), "has 0 bytes instead of"),
        (Path.unlink, "is missing"),
    ],
)
def test_a_changed_file_is_refused_by_name(
    folder: Path, file: str, damage: Callable[[Path], object], message: str
) -> None:
    damage(folder / file)

    with pytest.raises(
        BundleError, match=f"bundle toxicity@1: {file} .*{message}|{file} {message}"
    ):
        load(folder)


@pytest.mark.parametrize("damage", [scramble, truncate, lambda path: path.write_bytes(b"")])
def test_what_is_no_graph_is_refused_although_its_digest_is_right(
    folder: Path, damage: Callable[[Path], object]
) -> None:
    damage(folder / "model.onnx")
    reseal(folder)

    with pytest.raises(BundleError, match=r"model\.onnx is not a readable ONNX file"):
        load(folder)


def test_an_unlisted_file_is_refused(folder: Path) -> None:
    (folder / "extra.json").write_text("{}")

    with pytest.raises(BundleError, match=r"'extra\.json' is not listed"):
        load(folder)


def test_an_unlisted_file_in_a_subfolder_is_refused(folder: Path) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "x.json").write_text("{}")

    with pytest.raises(BundleError, match=r"'deep/er/x\.json' is not listed"):
        load(folder)


@pytest.mark.parametrize(
    "name", ["weights.pkl", "pytorch_model.bin", "ops.so", "run.py", "x.pt", "y.joblib", "z.yaml"]
)
def test_files_that_could_run_code_are_refused_even_when_listed(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")
    reseal(folder)

    with pytest.raises(BundleError, match="not of a kind"):
        load(folder)


@pytest.mark.parametrize("name", [".hidden.json", "a b.json", "x~.md", "ü.md", "-rf.md"])
def test_odd_file_names_are_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")
    reseal(folder)

    with pytest.raises(BundleError, match="not a safe file name"):
        load(folder)


@pytest.mark.parametrize("name", ["../../outside.json", "/etc/hostname.json", "a/../b.json"])
def test_listed_names_that_lead_out_are_refused(folder: Path, name: str) -> None:
    listed = read_manifest(folder).files
    reseal(folder, files={**listed, name: listed["README.md"]})

    with pytest.raises(BundleError, match="not a safe file name"):
        load(folder)


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_manifest_without_graph_or_tokenizer_is_refused(folder: Path, file: str) -> None:
    (folder / file).unlink()
    reseal(folder)

    with pytest.raises(BundleError, match=f"does not list {file}"):
        load(folder)


def test_a_file_that_links_out_of_the_bundle_is_refused(folder: Path) -> None:
    outside = folder.parent.parent / "README.md"
    (folder / "README.md").rename(outside)
    (folder / "README.md").symlink_to(outside)

    with pytest.raises(BundleError, match="leads out of the bundle"):
        load(folder)


def test_a_folder_that_links_out_of_the_bundle_is_refused(folder: Path) -> None:
    (folder / "more").symlink_to(folder.parent.parent)

    with pytest.raises(BundleError, match="leads out of the bundle"):
        load(folder)


def test_a_link_inside_the_bundle_is_fine(folder: Path) -> None:
    (folder / "CARD.md").symlink_to("README.md")
    reseal(folder)

    load(folder)


def test_a_pipe_in_the_bundle_is_refused_instead_of_read(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")

    with pytest.raises(BundleError, match="neither a file nor a folder"):
        load(folder)


def with_external_weights(folder: Path, location: str, *, write: bool = True) -> onnx.ModelProto:
    """Move the graph's largest weight to another file, wherever the location says."""
    model = onnx.load(folder / "model.onnx")
    weight = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    content = weight.raw_data
    external_data_helper.set_external_data(weight, location, offset=0, length=len(content))
    weight.ClearField("raw_data")
    if write:
        (folder / location).write_bytes(content)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return model


def test_listed_external_weights_are_used(folder: Path) -> None:
    with_external_weights(folder, "model.onnx.data")
    reseal(folder)

    bundle = load_bundle(folder.parent.parent, "toxicity")

    [(location, offset, length)] = bundle.graph.external
    assert (location, offset) == ("model.onnx.data", 0)
    assert length == bundle.manifest.files["model.onnx.data"].bytes


@pytest.mark.parametrize(
    "location",
    ["../weights.data", "/etc/passwd", "sub/../../weights.data", "unlisted.data", "", "a\\b.data"],
)
def test_external_weights_elsewhere_are_refused(folder: Path, location: str) -> None:
    with_external_weights(folder, location, write=False)
    reseal(folder)

    with pytest.raises(BundleError, match=r"reads weights from .* which is not listed"):
        load(folder)


def test_external_weights_behind_a_link_out_are_refused(folder: Path) -> None:
    with_external_weights(folder, "model.onnx.data")
    outside = folder.parent.parent / "weights.data"
    (folder / "model.onnx.data").rename(outside)
    (folder / "model.onnx.data").symlink_to(outside)
    reseal(folder)

    with pytest.raises(BundleError, match="leads out of the bundle"):
        load(folder)


def test_external_weights_past_the_end_of_their_file_are_refused(folder: Path) -> None:
    with_external_weights(folder, "model.onnx.data")
    truncate(folder / "model.onnx.data")
    reseal(folder)

    with pytest.raises(BundleError, match=r"behind the end of model\.onnx\.data"):
        load(folder)


def test_a_tensor_larger_than_its_file_is_refused(folder: Path) -> None:
    model = onnx.load(folder / "model.onnx")
    huge = TensorProto(name="huge", data_type=TensorProto.FLOAT, dims=[2**30, 2**30])
    model.graph.initializer.append(huge)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    reseal(folder)

    with pytest.raises(BundleError, match="claims a tensor larger than its file"):
        load(folder)


def test_a_second_graph_in_the_bundle_is_checked_as_well(folder: Path) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], raw_data=b"1234")
    external_data_helper.set_external_data(weight, "../secret.data", offset=0, length=4)
    weight.ClearField("raw_data")
    node = helper.make_node("Add", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", [value], [value], [weight])
    (folder / "other.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    reseal(folder)

    with pytest.raises(BundleError, match=r"other\.onnx reads weights from"):
        load(folder)

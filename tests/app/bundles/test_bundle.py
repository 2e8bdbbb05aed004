"""Finding and loading bundles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.bundles import list_bundles, load_bundle, parse_reference, read_manifest
from app.bundles.manifest import MANIFEST
from app.errors import BundleError
from tests.bundles import reseal, write_classifier, write_embedder

WORDS = {"insult": ["idiot"]}


def test_a_bundle_is_loaded_by_name_and_version(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, WORDS, version="1")

    bundle = load_bundle(tmp_path, "toxicity@1")

    assert (bundle.name, bundle.version, bundle.reference) == ("toxicity", "1", "toxicity@1")
    assert bundle.path == folder.resolve()
    assert bundle.manifest == read_manifest(folder)
    assert "Gather" in bundle.graph.operators


def test_without_a_version_the_newest_is_taken_as_people_count(tmp_path: Path) -> None:
    for version in ("1.9", "1.10", "1.2"):
        write_classifier(tmp_path, WORDS, version=version)

    assert load_bundle(tmp_path, "toxicity").version == "1.10"


def test_a_folder_without_manifest_is_not_finished_and_not_taken(tmp_path: Path) -> None:
    write_classifier(tmp_path, WORDS, version="1")
    (write_classifier(tmp_path, WORDS, version="2") / MANIFEST).unlink()

    assert load_bundle(tmp_path, "toxicity").version == "1"


def test_an_unknown_bundle_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    write_embedder(tmp_path)

    with pytest.raises(BundleError, match=r"no bundle 'answer'.*there are: encoder"):
        load_bundle(tmp_path, "answer")


@pytest.mark.parametrize(
    "reference",
    ["", "@1", "name@", "../x", "a/b", "UP", "a@../1", ".a", "a b", "a@1@2", "a\n", "x" * 65],
)
def test_malformed_references_are_refused(tmp_path: Path, reference: str) -> None:
    with pytest.raises(BundleError, match="does not name a bundle"):
        load_bundle(tmp_path, reference)


def test_references_split_at_the_at_sign() -> None:
    assert parse_reference("answer") == ("answer", "")
    assert parse_reference("answer@1.2") == ("answer", "1.2")


def test_a_bundle_folder_that_links_out_of_the_models_is_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "models", tmp_path / "elsewhere"
    real = write_classifier(outside, WORDS)
    (inside / "toxicity").mkdir(parents=True)
    (inside / "toxicity" / "1").symlink_to(real)

    with pytest.raises(BundleError, match="leads out"):
        load_bundle(inside, "toxicity@1")


def test_a_manifest_that_links_out_of_the_bundle_is_refused(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, WORDS)
    (folder / MANIFEST).rename(tmp_path / "manifest.json")
    (folder / MANIFEST).symlink_to(tmp_path / "manifest.json")

    with pytest.raises(BundleError, match="leads out"):
        load_bundle(tmp_path, "toxicity")


def test_a_manifest_of_another_bundle_is_refused(tmp_path: Path) -> None:
    reseal(write_classifier(tmp_path, WORDS), name="other")

    with pytest.raises(BundleError, match=r"its manifest says other@1"):
        load_bundle(tmp_path, "toxicity")


def test_a_malformed_manifest_is_refused_with_the_place(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, WORDS)
    content = json.loads((folder / MANIFEST).read_text())
    content["max_tokens"] = "many"
    (folder / MANIFEST).write_text(json.dumps(content))

    with pytest.raises(BundleError, match=r"manifest\.json, max_tokens: Input should be"):
        load_bundle(tmp_path, "toxicity")


def test_an_unknown_key_in_the_manifest_is_refused(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, WORDS)
    content = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**content, "custom_ops": "x.so"}))

    with pytest.raises(BundleError, match="custom_ops"):
        load_bundle(tmp_path, "toxicity")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_a_manifest_that_is_no_json_object_is_refused(tmp_path: Path, content: bytes) -> None:
    (write_classifier(tmp_path, WORDS) / MANIFEST).write_bytes(content)

    with pytest.raises(BundleError, match=r"manifest\.json"):
        load_bundle(tmp_path, "toxicity")


def test_a_huge_manifest_is_refused_unread(tmp_path: Path) -> None:
    with (write_classifier(tmp_path, WORDS) / MANIFEST).open("ab") as file:
        file.truncate(2**21)

    with pytest.raises(BundleError, match="more than 1048576 bytes"):
        load_bundle(tmp_path, "toxicity")


def test_a_bundle_above_the_size_limit_is_refused(tmp_path: Path) -> None:
    write_classifier(tmp_path, WORDS)

    with pytest.raises(BundleError, match="more than the 1000 allowed"):
        load_bundle(tmp_path, "toxicity", max_bytes=1_000)


def test_a_file_swapped_after_the_check_is_refused_when_it_is_read(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, WORDS)
    bundle = load_bundle(tmp_path, "toxicity")
    content = bytearray((folder / "model.onnx").read_bytes())
    content[100] ^= 1
    (folder / "model.onnx").write_bytes(content)

    with pytest.raises(BundleError, match=r"model\.onnx changed while it was loaded"):
        bundle.read("model.onnx")


def test_listing_shows_broken_bundles_too(tmp_path: Path) -> None:
    write_classifier(tmp_path, WORDS, version="1")
    write_classifier(tmp_path, WORDS, version="2")
    write_embedder(tmp_path)
    (tmp_path / "encoder" / "1" / MANIFEST).write_text("{")
    (tmp_path / ".cache").mkdir()

    entries = list_bundles(tmp_path)

    assert [(e.name, e.version) for e in entries] == [
        ("encoder", "1"),
        ("toxicity", "2"),
        ("toxicity", "1"),
    ]
    assert entries[0].manifest is None
    assert "manifest.json" in entries[0].problem
    assert entries[1].manifest is not None


def test_listing_a_missing_folder_is_empty(tmp_path: Path) -> None:
    assert list_bundles(tmp_path / "nothing") == []

"""Step 6: what is published comes back the same or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.bundles import load_bundle
from app.errors import BundleError
from scripts import publish
from scripts.publish import NotPublished, Tampered, open_store
from tests.bundles import write_classifier

pytestmark = pytest.mark.train
WORDS = {"toxicity": ["vile"]}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    write_classifier(tmp_path / "models", WORDS)
    return tmp_path / "models"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return (tmp_path / "storage").as_uri()


def _published(models: Path, url: str) -> Path:
    publish.main(["push", "toxicity@1", "--models", str(models), "--to", url])
    return models.parent / "storage"


def test_a_bundle_comes_back_byte_by_byte(models: Path, url: str, tmp_path: Path) -> None:
    _published(models, url)

    publish.main(["pull", "toxicity@1", "--models", str(tmp_path / "other"), "--from", url])

    for file in (models / "toxicity" / "1").iterdir():
        assert (tmp_path / "other" / "toxicity" / "1" / file.name).read_bytes() == file.read_bytes()
    assert load_bundle(tmp_path / "other", "toxicity").version == "1"


def test_files_lie_under_their_own_digest(models: Path, url: str) -> None:
    storage = _published(models, url)

    bundle = load_bundle(models, "toxicity")
    found = {path.name for path in (storage / "blobs").rglob("*") if path.is_file()}
    assert found == {file.sha256 for file in bundle.manifest.files.values()}


def _written(storage: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in storage.rglob("*") if path.is_file()}


def test_publishing_again_changes_nothing(models: Path, url: str) -> None:
    storage = _published(models, url)
    before = _written(storage)

    _published(models, url)

    assert _written(storage) == before


def test_a_version_is_published_once(models: Path, url: str, tmp_path: Path) -> None:
    _published(models, url)
    write_classifier(tmp_path / "others", {"toxicity": ["other"]})

    with pytest.raises(Tampered, match="other content"):
        publish.push(open_store(url), tmp_path / "others", "toxicity@1")


def test_a_damaged_bundle_is_not_published(models: Path, url: str) -> None:
    path = models / "toxicity" / "1" / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(BundleError):
        _published(models, url)


def test_what_was_cut_off_while_it_was_stored_is_not_there(
    models: Path, url: str, tmp_path: Path
) -> None:
    storage = _published(models, url)
    (storage / "bundles" / "toxicity" / "1" / "manifest.json").unlink()

    with pytest.raises(NotPublished):
        publish.pull(open_store(url), tmp_path / "other", "toxicity@1")
    assert not (tmp_path / "other" / "toxicity").exists()


def _blob(storage: Path) -> Path:
    return max(
        (path for path in (storage / "blobs").rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_size,
    )


def _flip_a_bit(storage: Path) -> None:
    content = bytearray(_blob(storage).read_bytes())
    content[10] ^= 1
    _blob(storage).write_bytes(content)


def _lose_a_file(storage: Path) -> None:
    _blob(storage).unlink()


def _manifest(storage: Path) -> Path:
    return storage / "bundles" / "toxicity" / "1" / "manifest.json"


def _rename(storage: Path) -> None:
    path = _manifest(storage)
    path.write_text(path.read_text(encoding="utf-8").replace('"toxicity"', '"harmless"', 1))


def _climb(storage: Path) -> None:
    path = _manifest(storage)
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"]["../../evil.md"] = manifest["files"]["README.md"]
    path.write_text(json.dumps(manifest), encoding="utf-8")


def _garble(storage: Path) -> None:
    _manifest(storage).write_text("{", encoding="utf-8")


@pytest.mark.parametrize("tamper", [_flip_a_bit, _lose_a_file, _rename, _climb, _garble])
def test_tampered_storage_is_refused_and_leaves_nothing(
    models: Path, url: str, tmp_path: Path, tamper: Callable[[Path], None]
) -> None:
    tamper(_published(models, url))

    with pytest.raises(Tampered):
        publish.pull(open_store(url), tmp_path / "other", "toxicity@1")

    assert [path for path in tmp_path.rglob("*") if path.name == "evil.md"] == []
    left = tmp_path / "other"
    assert not left.exists() or [path for path in left.rglob("*") if path.is_file()] == []


def test_a_bundle_that_is_there_is_not_overwritten(models: Path, url: str) -> None:
    _published(models, url)

    with pytest.raises(FileExistsError):
        publish.pull(open_store(url), models, "toxicity@1")

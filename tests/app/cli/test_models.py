import json
from pathlib import Path

import pytest

from tests.bundles import write_classifier, write_embedder
from tests.commands import penstock, succeed

SHIPPED = Path(__file__).parents[3] / "models"
WORDS = {"toxic": ["darn"]}


@pytest.fixture
def bundles() -> Path:
    folder = Path("models")
    write_classifier(folder, WORDS, version="1")
    write_classifier(folder, WORDS, version="2")
    write_embedder(folder)
    return folder


@pytest.fixture
def damaged(bundles: Path) -> str:
    model = bundles / "toxicity" / "2" / "model.onnx"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    return "toxicity@2"


@pytest.mark.usefixtures("bundles")
def test_bundles_are_listed() -> None:
    listed = json.loads(succeed("models", "list", "--json"))
    shown = succeed("models", "list")

    names = ["encoder@1", "toxicity@2", "toxicity@1"]
    assert [entry["bundle"] for entry in listed] == names
    assert [line.split()[0] for line in shown.splitlines()[1:]] == names
    assert listed[1]["task"] == "text-classification"


def test_no_bundles_is_a_sentence() -> None:
    assert succeed("models", "list") == "There are no bundles in models.\n"
    assert penstock("models", "verify").exit_code == 1


@pytest.mark.usefixtures("bundles")
def test_a_bundle_is_shown() -> None:
    shown = succeed("models", "show", "toxicity")
    manifest = json.loads(succeed("models", "show", "toxicity@1", "--json"))

    assert "toxicity@2" in shown
    assert "model.onnx" in shown
    assert (manifest["version"], manifest["model"]["labels"]) == ("1", ["toxic"])


@pytest.mark.parametrize("reference", ["absent", "toxicity@9", "../x"])
@pytest.mark.usefixtures("bundles")
def test_an_unknown_bundle_is_told(reference: str) -> None:
    result = penstock("models", "show", reference)

    assert result.exit_code == 1
    assert "bundle" in result.stderr


def test_a_flipped_bit_is_found(damaged: str) -> None:
    result = penstock("models", "verify")

    assert result.exit_code == 1
    assert "toxicity@1: " in result.stdout
    assert "encoder@1: " in result.stdout
    assert f"bundle {damaged}: " in result.stderr
    assert penstock("models", "verify", "toxicity@1").exit_code == 0
    assert penstock("models", "verify", damaged).exit_code == 1


def test_a_bundle_that_computes_something_else_is_found(bundles: Path) -> None:
    file = bundles / "toxicity" / "1" / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["canaries"][0]["expected"] = [0.5]
    file.write_text(json.dumps(manifest))

    result = penstock("models", "verify", "toxicity@1", "encoder")

    assert result.exit_code == 1
    assert "toxicity@1" in result.stderr
    assert result.stdout.startswith("encoder@1: ")


def test_the_bundles_that_come_with_the_server_are_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_MODELS_DIR", str(SHIPPED))

    lines = succeed("models", "verify").splitlines()

    shipped = {f"{version.parent.name}@{version.name}" for version in SHIPPED.glob("*/*")}
    assert {line.split(":")[0] for line in lines} == shipped
    assert len(shipped) >= 4


@pytest.mark.usefixtures("bundles")
def test_an_alias_is_pointed_at_a_version(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", database_url)
    assert "No alias was ever set" in succeed("models", "aliases")

    for version in ("1", "2"):
        told = succeed("models", "alias", "production", f"toxicity@{version}")
        assert told == f"production of toxicity is now version {version}.\n"

    history = json.loads(succeed("models", "aliases", "--json"))
    now = [(change["alias"], change["version"]) for change in history]
    assert now == [("production", "2"), ("previous", "1"), ("production", "1")]
    assert "toxicity@2" in succeed("models", "aliases")


def test_an_alias_never_points_at_a_damaged_bundle(
    damaged: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", database_url)

    assert penstock("models", "alias", "production", damaged).exit_code == 1
    assert json.loads(succeed("models", "aliases", "--json")) == []
    assert penstock("models", "alias", "best", "toxicity@1").exit_code == 2

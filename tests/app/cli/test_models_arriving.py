from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import huggingface_hub
import pytest

from tests.commands import penstock, succeed
from tests.foreign import write_foreign_classifier, write_language_model
from tests.hub import LocalHub, Shelf, serving


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[LocalHub]:
    folder = write_language_model(tmp_path / "shelf", graph="onnx/model_fp16.onnx")
    write_language_model(folder, graph="onnx/model_q4.onnx")
    with serving(LocalHub(shelves={"maker/Tiny": Shelf(folder)})) as opened:
        monkeypatch.setenv("HF_ENDPOINT", opened.url)
        yield opened
    huggingface_hub.close_session()


def test_a_model_is_pulled_shown_verified_and_not_pulled_twice(hub: LocalHub) -> None:
    told = penstock("models", "pull", "maker/Tiny")
    again = succeed("models", "pull", "maker/Tiny@main", "--json")

    assert told.stdout == "tiny@1: text-generation, up to 64 tokens, licence: apache-2.0.\n"
    assert "penstock models load tiny@1" in told.stderr
    assert json.loads(again)["bundle"] == "tiny@1"
    assert "onnx/model_q4.onnx" in succeed("models", "show", "tiny")
    assert succeed("models", "verify") == "tiny@1: 3 files, 2 canaries, all well\n"
    assert len(hub.asked) == 4  # the graph and three files beside it, once
    assert not list(Path("var/hub").rglob("*.onnx"))


def test_what_there_is_can_be_listed_without_fetching(hub: LocalHub) -> None:
    listed = json.loads(succeed("models", "pull", "maker/Tiny", "--list", "--json"))
    shown = succeed("models", "pull", "maker/Tiny", "--list")

    names = ["onnx/model_fp16.onnx", "onnx/model_q4.onnx"]
    assert [one["variant"] for one in listed] == names
    assert [line.split()[0] for line in shown.splitlines()[1:]] == names
    assert hub.asked == []


@pytest.mark.usefixtures("hub")
def test_name_version_variant_and_length_can_be_chosen() -> None:
    options = ["--variant", "fp16", "--name", "other", "--version", "7", "--max-tokens", "48"]
    told = succeed("models", "pull", "maker/Tiny", *options)

    assert told.startswith("other@7: text-generation, up to 48 tokens")
    manifest = json.loads(succeed("models", "show", "other", "--json"))
    assert manifest["source"]["file"] == "onnx/model_fp16.onnx"


@pytest.mark.usefixtures("hub")
def test_what_is_wrong_is_one_sentence() -> None:
    for repository, told in (("maker/Absent", "no repository"), ("maker/Tiny@v9", "no revision")):
        result = penstock("models", "pull", repository)
        assert (result.exit_code, result.stdout) == (1, "")
        assert told in result.stderr
        assert "Traceback" not in result.stderr


def test_folders_are_added(tmp_path: Path) -> None:
    write_language_model(tmp_path / "Writer")
    write_foreign_classifier(tmp_path / "rude")

    assert succeed("models", "add", "Writer").startswith("writer@1: text-generation")
    assert succeed("models", "add", "rude").startswith("rude@1: text-classification")
    assert "licence: unknown" in succeed("models", "add", "rude")
    assert penstock("models", "add", "nowhere").exit_code == 1
    assert len(json.loads(succeed("models", "list", "--json"))) == 3

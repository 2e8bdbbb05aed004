"""Steps 4 and 5 on a handful of rows: plans are kept to, and Detoxify and the server agree."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file
from tokenizers import Tokenizer

from app.bundles import load_bundle
from app.encoder import open_classifier
from app.settings.model import RuntimeSettings
from scripts import collect, evaluate, export, stage, train
from scripts.bundling.detoxify_model import open_checkpoint, write_checkpoint
from scripts.bundling.parity import GateRefused, Limits
from scripts.bundling.recipes import RECIPES
from scripts.corpus.sets.toxicity import LABELS
from scripts.training import base
from scripts.training.plan import OtherPlan
from scripts.training.vocabulary import choose, count_tokens

pytestmark = [pytest.mark.train, pytest.mark.slow]
TEXTS = ("You idiot, get lost.", "The library opens at nine.", "I will find you.")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with staged rows, a vocabulary and a run of three steps."""
    home = tmp_path_factory.mktemp("home")
    collect.main(["toxicity", "--only", "contrasts", "--most", "200", "--out", str(home / "rows")])
    stage.main([str(home / "rows"), "--task", "toxicity", "--out", str(home)])
    whole = base.tokenizer()
    kept = choose(whole, count_tokens(whole, TEXTS), 1_200)
    (home / "vocabulary.json").write_text(json.dumps(kept), encoding="utf-8")
    _train(home, home / "run")
    return home


def _train(home: Path, run: Path, *more: str) -> str:
    train.main([
        str(home / "toxicity"), "--vocabulary", str(home / "vocabulary.json"), "--run", str(run),
        "--steps", "3", "--every", "1", "--precision", "float32", *more,
    ])  # fmt: skip
    result = json.loads((run / "result.json").read_text(encoding="utf-8"))
    return str(result["sha256"])


def test_the_same_plan_gives_the_same_weights_also_when_it_is_cut(home: Path) -> None:
    whole = json.loads((home / "run" / "result.json").read_text(encoding="utf-8"))["sha256"]
    cut = home / "cut"
    shutil.copytree(home / "run", cut)
    for name in ("00000002", "00000003"):
        shutil.rmtree(cut / "checkpoints" / name, ignore_errors=True)

    assert _train(home, cut, "--resume") == whole


def test_a_run_is_not_begun_in_a_folder_that_holds_one(home: Path) -> None:
    with pytest.raises(OtherPlan, match="--resume"):
        _train(home, home / "run")


def test_a_run_does_not_go_on_with_another_vocabulary(home: Path, tmp_path: Path) -> None:
    kept = json.loads((home / "vocabulary.json").read_text(encoding="utf-8"))
    shutil.copytree(home / "run", tmp_path / "run")
    shutil.copytree(home / "toxicity", tmp_path / "toxicity")
    (tmp_path / "vocabulary.json").write_text(json.dumps(kept[:-1]), encoding="utf-8")

    with pytest.raises(OtherPlan, match="other data"):
        _train(tmp_path, tmp_path / "run", "--resume")


def test_a_run_can_begin_with_what_another_has_learnt(home: Path, tmp_path: Path) -> None:
    _train(home, tmp_path, "--from", str(home / "run"), "--learning-rate", "0")

    first, second = (load_file(run / "final.safetensors") for run in (home / "run", tmp_path))
    assert all((first[name] == second[name]).all() for name in first)


def test_a_run_that_has_not_ended_is_not_exported(home: Path, tmp_path: Path) -> None:
    with pytest.raises(export.NotFinished):
        export.main([str(tmp_path), "--staged", str(home / "toxicity")])


@pytest.fixture(scope="module")
def models(home: Path) -> Path:
    """The folder with the exported run."""
    export.main([
        str(home / "run"), "--staged", str(home / "toxicity"), "--models", str(home / "models"),
    ])  # fmt: skip
    return home / "models"


def test_the_served_scores_are_those_of_detoxify(home: Path, models: Path, tmp_path: Path) -> None:
    from detoxify import Detoxify
    from transformers import BertConfig

    tokenizer = Tokenizer.from_file(str(home / "run" / "tokenizer.json"))
    config = BertConfig.from_pretrained(
        base.folder(), vocab_size=tokenizer.get_vocab_size(), num_labels=len(LABELS)
    )
    weights = load_file(home / "run" / "final.safetensors")
    path = write_checkpoint(tmp_path, weights, config, tokenizer, LABELS)
    predicted = Detoxify(checkpoint=str(path)).predict(list(TEXTS))
    expected = np.array([predicted[label] for label in LABELS]).T

    bundle = load_bundle(models, "toxicity")
    classifier = open_classifier(bundle, RuntimeSettings(provider="cpu", threads=1))
    served = asyncio.run(classifier.scores(TEXTS))
    asyncio.run(classifier.close())

    assert classifier.labels == LABELS
    np.testing.assert_allclose(served, expected, atol=0.05)


def test_names_of_the_first_challenge_become_detoxifys_own(home: Path, tmp_path: Path) -> None:
    from transformers import BertConfig

    tokenizer = Tokenizer.from_file(str(home / "run" / "tokenizer.json"))
    config = BertConfig.from_pretrained(
        base.folder(), vocab_size=tokenizer.get_vocab_size(), num_labels=len(LABELS)
    )
    old = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
    weights = load_file(home / "run" / "final.safetensors")

    _, labels = open_checkpoint(write_checkpoint(tmp_path, weights, config, tokenizer, old))

    assert labels == LABELS


def test_card_and_manifest_tell_the_same(models: Path) -> None:
    bundle = load_bundle(models, "toxicity")
    card = (bundle.path / "README.md").read_text(encoding="utf-8")

    assert [data.name for data in bundle.manifest.datasets] == ["contrasts"]
    for told in (
        "## Intended use",
        "## Weak points",
        "contrasts | Apache-2.0",
        "python -m scripts",
    ):
        assert told in card
    for name in bundle.manifest.metrics:
        assert f"| {name} |" in card
    assert bundle.manifest.training["steps"] == 3


def test_a_bundle_can_be_measured_again(home: Path, models: Path, tmp_path: Path) -> None:
    out = tmp_path / "measures.json"

    measures = evaluate.main([
        "toxicity", "--models", str(models), "--staged", str(home / "toxicity"), "--out", str(out),
    ])  # fmt: skip

    assert json.loads(out.read_text(encoding="utf-8")) == measures
    told = load_bundle(models, "toxicity").manifest.metrics
    assert measures == {name: value for name, value in told.items() if name in measures}


def test_a_network_that_fails_its_gate_becomes_no_bundle(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = RECIPES["toxicity"]
    strict = type(recipe)(
        recipe.module, recipe.model, recipe.compare, Limits(0.0, 0.0, 1.0), recipe.card
    )
    monkeypatch.setitem(RECIPES, "toxicity", strict)

    with pytest.raises(GateRefused, match="gate int8"):
        export.main([
            str(home / "run"), "--staged", str(home / "toxicity"), "--models", str(tmp_path),
        ])  # fmt: skip
    assert list(tmp_path.iterdir()) == []

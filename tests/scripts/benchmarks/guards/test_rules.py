"""Every guard is given the same: the texts are harmless, and the classifier's folder is whole."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from scripts.benchmarks.guards.installed import folder_mb, serving_mb
from scripts.benchmarks.guards.own import OwnChain
from scripts.benchmarks.guards.rules import WORDS, write_rules

MODELS = Path("models")


def test_the_texts_break_no_rule(tmp_path: Path) -> None:
    rules = json.loads(write_rules(tmp_path, MODELS).read_text())
    banned = [rf"\b{word}\b" for word in rules["words"]] + rules["patterns"]

    assert len(set(rules["words"])) == WORDS
    for text in (*rules["texts"]["rules"], *rules["texts"]["stream"]):
        assert not [pattern for pattern in banned if re.search(pattern, text)]
    for case in ("rules", "stream"):
        assert [pattern for pattern in banned if re.search(pattern, rules["bad"][case])]


def test_the_classifier_has_the_form_that_others_read(tmp_path: Path) -> None:
    rules = json.loads(write_rules(tmp_path, MODELS).read_text())
    folder = Path(rules["classifier"])
    config = json.loads((folder / "config.json").read_text())

    assert (folder / "model.onnx").read_bytes() == (MODELS / "toxicity/1/model.onnx").read_bytes()
    assert config["id2label"]["0"] == "toxicity"
    assert (folder / "tokenizer.json").exists()


def test_our_chain_judges_every_case(tmp_path: Path) -> None:
    rules = json.loads(write_rules(tmp_path, MODELS).read_text())
    chain = OwnChain(rules)

    for case in chain.cases:
        assert asyncio.run(chain.judge(case, rules["texts"][case][0])), case
        assert not asyncio.run(chain.judge(case, rules["bad"][case])), case
        text = rules["texts"][case][0]
        begins_sooner = max(one.filter.unit.overlap for one in chain._chains[case].instances)
        most = 1.1 * len(text) + (2 * begins_sooner if case == "stream" else 0)
        assert len(text) <= asyncio.run(chain.scanned(case, text)) <= most, case


def test_sizes_are_of_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x" * 500_000)

    assert folder_mb(tmp_path) == 0.5
    assert 50 < serving_mb() < 2_000

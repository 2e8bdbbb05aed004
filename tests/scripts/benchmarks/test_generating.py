from __future__ import annotations

from pathlib import Path

import pytest

from app.settings.source import load_settings
from filters import Stage
from scripts.benchmarks import generating


@pytest.mark.parametrize("guards_answers", [False, True])
def test_the_server_has_the_default_rules_and_no_filter_with_a_model(
    guards_answers: bool, tmp_path: Path
) -> None:
    chain = generating.rule_chain(guards_answers)
    config = tmp_path / "bench.toml"
    text = generating.settings_of(tmp_path, "m15-int8", 2, spin_us=7, chain=chain)
    config.write_text(text, encoding="utf-8")
    settings = load_settings(config)

    assert {entry.filter for entry in settings.chain} == {"keyword"}
    assert any(entry.stage is Stage.OUTPUT for entry in settings.chain) is guards_answers
    assert [entry.options for entry in settings.chain] == [entry.options for entry in chain]
    assert (settings.model, settings.runtime.threads, settings.runtime.spin_us) == (
        "m15-int8",
        2,
        7,
    )

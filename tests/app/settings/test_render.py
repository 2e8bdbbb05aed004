import json
import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.settings import ChainEntry, Settings, load_settings
from app.settings.render import to_toml, to_values
from filters import Stage

HUSH = "postgresql://me:hush@db/penstock"


def sample() -> Settings:
    options = {"words": ['a "quote"', "line\nend", "\x7f", "é"], "odd key": {"deep": True}}
    entry = ChainEntry(id="one", filter="keyword", stage=Stage.INPUT, options=options)
    return Settings(
        port=9000, models=("a", "b"), chain=(entry, entry.model_copy(update={"id": "b"}))
    )


@pytest.mark.parametrize("explain", [False, True])
def test_what_is_shown_can_be_read_again(explain: bool) -> None:
    shown = tomllib.loads(to_toml(sample(), explain=explain))

    assert Settings.model_validate(shown).model_dump() == sample().model_dump()


@pytest.mark.parametrize("explain", [False, True])
def test_passwords_are_masked(explain: bool) -> None:
    settings = Settings(database_url=SecretStr(HUSH))

    assert 'database_url = "postgresql://me:***@db/penstock"' in to_toml(settings, explain=explain)
    assert to_values(settings)["database_url"] == "postgresql://me:***@db/penstock"


def test_values_are_plain() -> None:
    values = to_values(sample())

    assert json.loads(json.dumps(values)) == values
    assert values["home"] == "var"
    assert values["chain"][0]["stage"] == "input"
    assert values["chain"][0]["options"]["odd key"] == {"deep": True}


def test_an_explanation_says_meaning_bounds_default_and_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "penstock.toml"
    file.write_text("[limits]\nmessages = 3\n[[chain]]\nid='a'\nfilter='keyword'\nstage='input'\n")
    monkeypatch.setenv("PENSTOCK_LIMITS__BODY_S", "4")

    lines = to_toml(load_settings(file), explain=True).splitlines()

    at = lines.index("messages = 3")
    assert lines[at - 2] == "# Most messages in one request."
    assert lines[at - 1] == "# > 0; default 64; set by penstock.toml:2"
    assert lines[lines.index("body_s = 4.0") - 1].endswith("set by PENSTOCK_LIMITS__BODY_S")
    assert lines[lines.index("passages = 32") - 1].endswith("default 32; PENSTOCK_LIMITS__PASSAGES")
    assert lines[lines.index("[[chain]]") + 1] == "# penstock.toml:3"

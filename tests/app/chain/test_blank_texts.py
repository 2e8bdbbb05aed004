"""What must be something is not nothing: blank texts reach the filters that ask for them, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from app.chain.chain import StageRun
from filters import Context, Filter, Stage, Unit
from filters.json import Json, JsonOptions
from filters.length import Length, LengthOptions
from filters.regex import Regex, RegexOptions
from tests.app.chain.sample_filters import Word, WordOptions, instance

DEMANDING: dict[str, Filter] = {
    "json": Json(JsonOptions()),
    "length": Length(LengthOptions(min_characters=1)),
    "regex": Regex(RegexOptions(patterns={"digit": r"\d"}, expect="present")),
}


async def outcome(judge: Filter, pieces: list[str], **entry: Any) -> tuple[str, StageRun, bool]:
    stage = StageRun([instance(judge, stage=Stage.OUTPUT, **entry)])
    run = stage.text(Context(Stage.OUTPUT, "?"))
    out = "".join([await run.feed(piece) for piece in pieces]) + await run.feed("", last=True)
    return out, stage, run.blocked_by is not None


@pytest.mark.parametrize("pieces", [[], [""], [" \n", "\t"]], ids=["nothing", "empty", "blank"])
@pytest.mark.parametrize("name", DEMANDING)
async def test_what_misses_something_blocks_a_blank_text(name: str, pieces: list[str]) -> None:
    out, stage, is_blocked = await outcome(DEMANDING[name], pieces, action="block")

    assert (out, is_blocked) == ("", True)
    assert [verdict.score for verdict in stage.verdicts] == [1.0]


@pytest.mark.parametrize("action", ["rewrite", "flag"])
async def test_nothing_can_be_rewritten_in_a_blank_text(action: str) -> None:
    out, stage, _ = await outcome(DEMANDING["json"], [" \n"], action=action)

    assert out == " \n"
    assert [verdict.score for verdict in stage.verdicts] == [1.0]


@pytest.mark.parametrize("unit", [Unit.document(), Unit.sentence()], ids=["document", "sentence"])
async def test_others_are_not_asked(unit: Unit) -> None:
    judge = Word(WordOptions())
    judge.unit = unit
    out, stage, is_blocked = await outcome(judge, [" \n"], action="block")

    assert (out, is_blocked) == (" \n", False)
    assert stage.verdicts == []

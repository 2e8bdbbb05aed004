"""The sampling parameters, through the whole engine."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from app.engine import Grammar, SamplingParameters
from app.errors import GrammarInvalid
from tests.bundles import write_decoder
from tests.engines import Open, ask, collect, text_of

SCRIPT = (b"Gates ", b"h\xc3", b"\xa9ld ", b"water", b".")
SAID = "Gates héld water."
SCHEMA = json.dumps({"enum": [{"a": 1}, ["two"]]})


def chosen(**more: Any) -> SamplingParameters:
    return SamplingParameters(**{"max_tokens": 30, **more})


@pytest.mark.parametrize(
    ("grammar", "wanted"),
    [
        (Grammar("regex", "[xyz]{3}"), lambda text: len(text) == 3 and set(text) <= set("xyz")),
        (Grammar("regex", "(Gates|Doors) .*"), lambda text: text == SAID),
        (Grammar("lark", 'start: "é" "é"'), lambda text: text == "éé"),
        (Grammar("json_schema", SCHEMA), lambda text: json.loads(text) in ({"a": 1}, ["two"])),
    ],
)
async def test_a_completion_keeps_to_its_grammar_and_stops(
    tmp_path: Path, open_it: Open, grammar: Grammar, wanted: Any
) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine = await open_it("writer")

    held, free = await asyncio.gather(
        collect(engine, ask("Go", parameters=chosen(grammar=grammar))),
        collect(engine, ask("Go", parameters=chosen())),
    )

    assert wanted(text_of(held)), text_of(held)
    assert held[-1].finish_reason == "stop"
    assert text_of(free) == SAID


async def test_a_bad_grammar_is_refused_before_anything_is_written(
    tmp_path: Path, open_it: Open
) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine = await open_it("writer")

    with pytest.raises(GrammarInvalid):
        await collect(engine, ask("Go", parameters=chosen(grammar=Grammar("regex", "["))))

    assert text_of(await collect(engine, ask("Go", parameters=chosen()))) == SAID


async def test_a_seed_writes_the_same_whoever_else_is_served(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine = await open_it("writer")
    seeded = ask("Go", parameters=chosen(temperature=2.0, seed=5, logit_bias=((70, 40.0),)))
    other = ask("Wait", parameters=chosen(temperature=2.0, frequency_penalty=1.0))

    alone = text_of(await collect(engine, seeded))
    together = await asyncio.gather(*(collect(engine, one) for one in (other, seeded, other)))

    assert text_of(together[1]) == alone


async def test_every_token_tells_its_log_probability_once(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine = await open_it("writer")

    pieces = await collect(engine, ask("Go", parameters=chosen(logprobs=2, stop=("water",))))

    told = [token for piece in pieces for token in piece.logprobs]
    assert [token.utf8 for token in told] == list(SCRIPT[:4])
    assert all(-1e-3 < token.logprob <= 0 for token in told)
    assert all(len(token.top) == 2 and token.top[0].token == token.token for token in told)


async def test_a_least_number_of_tokens_is_written(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine = await open_it("writer")

    pieces = await collect(engine, ask("Go", parameters=chosen(min_tokens=9, stop=("water",))))

    assert text_of(pieces).startswith(SAID)
    assert pieces[-1].completion_tokens >= 9

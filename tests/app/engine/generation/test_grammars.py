"""Compiling grammars: what comes out, what is refused, and what it may cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from threading import Event

import numpy as np
import pytest

from app.engine import Grammar
from app.engine.generation import grammars
from app.engine.generation.grammar import GrammarMatcher
from app.engine.generation.grammars import Grammars
from app.engine.generation.vocabulary import Vocabulary
from app.errors import EngineBusy, GrammarInvalid, GrammarTooComplex, InvalidRequest
from tests.recital import END, recital

WORDS, _ = recital([b'{"'], ends=True)
SIZE = WORDS.get_vocab_size()
VOCABULARY = Vocabulary(WORDS, SIZE, [WORDS.token_to_id(END) or 0])
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"age": {"type": "integer", "minimum": 0, "maximum": 150}},
        "required": ["age"],
        "additionalProperties": False,
    }
)


@pytest.fixture
def known() -> Iterator[Grammars]:
    opened = Grammars(VOCABULARY)
    yield opened
    opened.close()


def accepts(matcher: GrammarMatcher, text: str) -> bool:
    """Feed a text letter by letter; say whether it is allowed and may end there."""
    for token in WORDS.encode(text).ids:
        if not matcher.allowed(SIZE)[token]:
            return False
        matcher.advance(token)
    return bool(matcher.allowed(SIZE)[WORDS.token_to_id(END) or 0])


@pytest.mark.parametrize(
    ("grammar", "good", "bad"),
    [
        (Grammar("json_schema", SCHEMA), '{"age": 42}', '{"age": 151}'),
        (Grammar("json_schema", SCHEMA), '{\n  "age":150\n}', '{"age": "42"}'),
        (Grammar("regex", "[ab]+c?"), "abbac", "abd"),
        (Grammar("regex", "é{2}"), "éé", "é"),
        (Grammar("lark", 'start: "(" start ")" | "x"'), "((x))", "((x)"),
    ],
)
async def test_only_fitting_texts_are_allowed(
    known: Grammars, grammar: Grammar, good: str, bad: str
) -> None:
    assert accepts(await known.matcher(grammar), good)
    assert not accepts(await known.matcher(grammar), bad)


async def test_space_in_json_has_an_end(known: Grammars) -> None:
    matcher = await known.matcher(Grammar("json_schema", SCHEMA))

    assert not accepts(matcher, "{" + " " * 40)


@pytest.mark.parametrize(
    ("grammar", "error", "param"),
    [
        (Grammar("json_schema", "{"), GrammarInvalid, "json_schema"),
        (Grammar("json_schema", '{"type": "secret"}'), GrammarInvalid, "json_schema"),
        (Grammar("json_schema", '{"not": {"type": "null"}}'), GrammarInvalid, "json_schema"),
        (Grammar("json_schema", '{"$ref": "http://secret/x"}'), GrammarInvalid, "json_schema"),
        (Grammar("json_schema", "[" * 500 + "]" * 500), GrammarInvalid, "json_schema"),
        (Grammar("json_schema", " " * 40_000), GrammarTooComplex, "json_schema"),
        (Grammar("regex", "secret("), GrammarInvalid, "regex"),
        (Grammar("regex", "((a{1000}){1000}){1000}"), GrammarTooComplex, "regex"),
        (Grammar("regex", "x((a|aa){500}b){2}"), GrammarTooComplex, "regex"),
        (Grammar("regex", "a" * 9_000), GrammarTooComplex, "regex"),
        (Grammar("lark", "start: secret"), GrammarInvalid, "grammar"),
        (Grammar("lark", "start: start"), GrammarInvalid, "grammar"),
        (Grammar("lark", "start: " + "(" * 4_000 + '"a"' + ")" * 4_000), None, "grammar"),
    ],
)
async def test_a_bad_grammar_is_refused_without_an_echo(
    known: Grammars, grammar: Grammar, error: type[InvalidRequest] | None, param: str
) -> None:
    for _ in range(2):  # the refusal is remembered as well
        with pytest.raises(error or InvalidRequest) as caught:
            await known.matcher(grammar)

        assert caught.value.param == f"parameters.{param}"
        assert caught.value.code in ("grammar_invalid", "grammar_too_complex")
        assert "secret" not in str(caught.value)


async def test_matchers_of_one_grammar_go_their_own_ways(known: Grammars) -> None:
    grammar = Grammar("regex", "ab|cd")
    first, second = await asyncio.gather(known.matcher(grammar), known.matcher(grammar))

    first.advance(WORDS.token_to_id("a") or 0)

    assert np.flatnonzero(first.allowed(SIZE)).tolist() == [WORDS.token_to_id("b")]
    assert np.flatnonzero(second.allowed(SIZE)).tolist() == [
        WORDS.token_to_id("a"),
        WORDS.token_to_id("c"),
    ]


async def test_a_grammar_is_compiled_once_and_forgotten_after_many_others(
    known: Grammars, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    real = grammars.compile_grammar

    def counting(grammar: Grammar, vocabulary: Vocabulary) -> grammars.Compiled:
        compiled.append(grammar.source)
        return real(grammar, vocabulary)

    monkeypatch.setattr(grammars, "compile_grammar", counting)
    monkeypatch.setattr(grammars, "REMEMBERED", 2)

    for source in "aabaca":
        await known.matcher(Grammar("regex", source))
    for source in "bca":
        await known.matcher(Grammar("regex", source))

    assert compiled == ["a", "b", "c", "b", "c", "a"]


async def test_a_slow_grammar_is_given_up_and_those_behind_it_may_come_again(
    known: Grammars, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = Event()
    real = grammars.compile_grammar

    def slow(grammar: Grammar, vocabulary: Vocabulary) -> grammars.Compiled:
        go_on.wait(10)
        return real(grammar, vocabulary)

    monkeypatch.setattr(grammars, "compile_grammar", slow)
    monkeypatch.setattr(grammars, "DEADLINE_S", 0.05)
    monkeypatch.setattr(grammars, "WAITING", 3)

    asked = [known.matcher(Grammar("regex", source)) for source in "abcd"]
    found = await asyncio.gather(*asked, return_exceptions=True)
    go_on.set()
    monkeypatch.setattr(grammars, "DEADLINE_S", 10.0)

    assert [type(one) for one in found] == [
        GrammarTooComplex,
        GrammarTooComplex,
        EngineBusy,  # both threads are taken
        EngineBusy,  # enough wait already
    ]
    assert accepts(await known.matcher(Grammar("regex", "c")), "c")


async def test_a_request_that_is_cancelled_takes_nothing_from_others(known: Grammars) -> None:
    grammar = Grammar("regex", "a+")
    first = asyncio.ensure_future(known.matcher(grammar))
    second = asyncio.ensure_future(known.matcher(grammar))
    await asyncio.sleep(0)
    first.cancel()

    assert accepts(await second, "aa")
    assert accepts(await known.matcher(grammar), "a")

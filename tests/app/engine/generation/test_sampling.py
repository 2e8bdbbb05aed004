"""Picking tokens for the rows of a step."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.engine import Grammar, SamplingParameters
from app.engine.generation.grammar import GrammarMatcher
from app.engine.generation.grammars import compile_grammar
from app.engine.generation.sampling import Picked, TokenPicker, pick
from app.engine.generation.vocabulary import Vocabulary
from app.errors import ModelOutputInvalid, PenstockError
from tests.recital import END, recital

Logits = NDArray[np.float32]

WORDS, _ = recital([b"hello", b"\xf0\x9f"], ends=True)
SIZE = WORDS.get_vocab_size() + 5  # logits are often wider than the tokenizer
END_TOKEN = WORDS.token_to_id(END) or 0
VOCABULARY = Vocabulary(WORDS, SIZE, [END_TOKEN])
FOUR: Logits = np.log(np.array([0.1, 0.4, 0.2, 0.3], dtype=np.float32))


def letter(text: str) -> int:
    return WORDS.token_to_id(text) or 0


def logits(rows: int = 1, seed: int = 0) -> Logits:
    return np.random.default_rng(seed).normal(size=(rows, SIZE)).astype(np.float32)


def picker(matcher: GrammarMatcher | None = None, **chosen: Any) -> TokenPicker:
    return TokenPicker(SamplingParameters(**chosen), (1, 2, 3), VOCABULARY, matcher)


def picked(row: Logits, of: TokenPicker) -> Picked:
    """Pick one token from a row, which stays as it is."""
    (found,) = pick(row.reshape(1, -1).copy(), [of])
    assert isinstance(found, Picked)
    return found


def picks(number: int = 2_000, **chosen: Any) -> Counter[int]:
    of = TokenPicker(
        SamplingParameters(**{"temperature": 1.0, "seed": 1, **chosen}),
        (),
        Vocabulary(WORDS, len(FOUR), ()),
    )
    return Counter(picked(FOUR, of).token for _ in range(number))


def held_to(kind: Any, source: str) -> GrammarMatcher:
    compiled = compile_grammar(Grammar(kind, source), VOCABULARY)
    assert not isinstance(compiled, type)
    return GrammarMatcher(compiled.deep_copy(), kind)


def test_temperature_zero_is_greedy() -> None:
    assert picks(temperature=0.0) == {1: 2_000}


def test_temperature_one_follows_the_model() -> None:
    found = picks()

    for token, share in enumerate((0.1, 0.4, 0.2, 0.3)):
        assert found[token] / 2_000 == pytest.approx(share, abs=0.04)


def test_a_low_temperature_sharpens_and_a_high_one_flattens() -> None:
    assert picks(temperature=0.2)[1] > 1_500
    assert picks(temperature=50.0)[0] / 2_000 == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize("temperature", [1e-4, 1e-6, 1e-30])
def test_a_tiny_temperature_is_greedy_and_never_overflows(temperature: float) -> None:
    assert picks(10, temperature=temperature) == {1: 10}


@pytest.mark.parametrize(("k", "kept"), [(1, {1}), (2, {1, 3}), (3, {1, 2, 3}), (9, {0, 1, 2, 3})])
def test_top_k_keeps_the_likeliest(k: int, kept: set[int]) -> None:
    assert set(picks(top_k=k)) == kept


@pytest.mark.parametrize(
    ("p", "kept"), [(0.0, {1}), (0.39, {1}), (0.6, {1, 3}), (0.85, {1, 2, 3}), (1.0, {0, 1, 2, 3})]
)
def test_top_p_keeps_the_smallest_share_that_is_enough(p: float, kept: set[int]) -> None:
    assert set(picks(top_p=p)) == kept


def test_top_p_counts_within_top_k() -> None:
    assert set(picks(top_k=2, top_p=0.5)) == {1}


def test_min_p_is_a_share_of_the_likeliest() -> None:
    assert set(picks(min_p=0.6)) == {1, 3}


def test_the_same_seed_picks_the_same_tokens_and_another_does_not() -> None:
    def seeded(seed: int | None) -> list[int]:
        of = picker(temperature=1.0, seed=seed)
        return [picked(logits(seed=step), of).token for step in range(50)]

    assert seeded(3) == seeded(3)
    assert seeded(3) != seeded(4)
    assert seeded(None) != seeded(None)


KINDS: list[dict[str, Any]] = [
    {},
    {"temperature": 1.0, "seed": 1},
    {"temperature": 0.7, "seed": 2, "top_p": 0.8},
    {"temperature": 1.3, "seed": 3, "top_k": 20, "min_p": 0.1},
    {"temperature": 0.9, "seed": 4, "repetition_penalty": 1.2, "frequency_penalty": 0.5},
    {"logprobs": 3, "logit_bias": ((7, 5.0),)},
]


@given(order=st.permutations(range(len(KINDS))))
@settings(max_examples=20, deadline=None)
def test_a_rows_result_never_depends_on_the_others(order: list[int]) -> None:
    together = [picker(**KINDS[kind]) for kind in order]
    alone = [picker(**KINDS[kind]) for kind in order]
    for step in range(4):
        rows = logits(len(KINDS), seed=step)

        found = pick(rows[order].copy(), together)

        assert found == [picked(rows[k], of) for k, of in zip(order, alone, strict=True)]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e31])
def test_a_row_that_is_not_finite_fails_alone(bad: float) -> None:
    rows = logits(3)
    rows[1, 17] = bad

    first, second, third = pick(rows.copy(), [picker(), picker(temperature=1.0), picker()])

    assert isinstance(second, ModelOutputInvalid)
    assert first == Picked(int(rows[0].argmax()))
    assert third == Picked(int(rows[2].argmax()))


def test_an_end_token_ends_and_only_after_the_least_number_of_tokens() -> None:
    row = logits()
    row[0, END_TOKEN] = 50.0
    of = picker(min_tokens=2, logprobs=0)

    found = [picked(row, of) for _ in range(3)]

    assert [one.is_end for one in found] == [False, False, True]
    assert found[2].token == END_TOKEN
    assert found[2].logprob is None


def test_a_bias_moves_and_minus_100_forbids() -> None:
    row = logits()
    best = int(row.argmax())
    row[0, best] = 500.0

    assert picked(row, picker(logit_bias=((9, 600.0),))).token == 9
    assert picked(row, picker(logit_bias=((best, -100.0),))).token != best
    assert picked(row, picker(logit_bias=((SIZE, 100.0), (-1, 100.0)))).token == best


def test_a_frequency_penalty_makes_room_for_others() -> None:
    row = np.zeros((1, SIZE), dtype=np.float32)
    row[0, [5, 6]] = 3.0, 2.5
    of = picker(frequency_penalty=1.0)

    assert [picked(row, of).token for _ in range(5)] == [5, 6, 5, 6, 5]


def test_log_probabilities_are_the_models_own() -> None:
    row = logits()
    tokens = np.argsort(-row[0])
    exact = row[0] - np.log(np.exp(row[0].astype(np.float64)).sum())
    of = picker(logprobs=2, temperature=1.0, seed=5, logit_bias=((letter("h"), 100.0),))

    found = picked(row, of).logprob

    assert found is not None
    assert (found.token, found.text, found.utf8) == (letter("h"), "h", b"h")
    assert found.logprob == pytest.approx(exact[letter("h")], abs=1e-5)
    assert [one.token for one in found.top] == tokens[:2].tolist()
    assert [one.logprob for one in found.top] == pytest.approx(exact[tokens[:2]], abs=1e-5)


def test_half_a_character_has_its_bytes() -> None:
    half = WORDS.get_vocab_size() - 4  # behind it stand three control tokens

    found = picked(logits(), picker(logprobs=0, logit_bias=((half, 100.0),))).logprob

    assert found is not None
    assert (found.text, found.utf8, found.top) == ("\N{REPLACEMENT CHARACTER}", b"\xf0\x9f", ())


def test_a_grammar_is_kept_and_ends_the_text() -> None:
    of = picker(held_to("regex", "(hello){2}x"), temperature=2.0, seed=1)
    text, is_last = "", False
    while not is_last:
        found = picked(logits(seed=len(text)), of)
        text, is_last = text + WORDS.decode([found.token]), found.is_last

    assert text == "hellohellox"


def test_where_a_grammar_may_go_on_the_end_token_is_allowed() -> None:
    row = logits()
    row[0, END_TOKEN] = 50.0
    of = picker(held_to("regex", "ab*"))

    assert [WORDS.decode([picked(row, of).token]), picked(row, of).is_end] == ["a", True]


def test_a_grammar_wins_over_bias_and_least_tokens() -> None:
    banned = tuple((token, -100.0) for token in range(SIZE))
    of = picker(held_to("regex", "a"), min_tokens=9, logit_bias=banned)

    found = picked(logits(), of)

    assert (found.token, found.is_last) == (letter("a"), True)


def test_a_row_whose_grammar_breaks_fails_alone() -> None:
    broken = held_to("regex", "ab")
    with pytest.raises(PenstockError):
        broken.advance(letter("z"))
    rows = logits(2)

    first, second = pick(rows.copy(), [picker(broken), picker()])

    assert isinstance(first, PenstockError)
    assert first.code == "grammar_too_complex"
    assert second == Picked(int(rows[1].argmax()))

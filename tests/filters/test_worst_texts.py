"""Texts made to be slow: what reads them takes one pass, however many characters there are.

Any of these would take very long if it were quadratic.
"""

# ruff: noqa: RUF001 - ambiguous characters on purpose
from __future__ import annotations

import pytest

from app.chain.registry import build
from filters import Context, Item, Stage
from filters._text.model_text import readings
from filters._text.sentences import sentence_spans
from filters.grounding.claims import blank_markup, is_claim
from filters.grounding.facts import names, number_words, quantities
from filters.grounding.support import best_spots, source_of
from filters.keyword import Keyword, KeywordOptions

SIZE = 40_000
UNITS = [
    *(
        "a",
        "i",
        "1",
        "!",
        "$",
        "*",
        "[",
        ".",
        "-",
        "\n",
        " ",
        "\u200b",
        "\u0301",
        "\ufdfa",
        "\ud800",
    ),
    *(
        "l1",
        "a ",
        "a-",
        "@.",
        '."',
        "1,",
        "A. ",
        "[a](",
        "A’",
        "kil!|1",
        "k i l l ",
        "1,000",
        "Aa bb ",
    ),
    *("\U000e0061", "🙂", "\n \n", "i am sorry ", "source: ", "here ", "kill ", "'", "w3 ", "a*"),
]
KEYWORD = Keyword(
    KeywordOptions(
        words=("kill", "ass", "ill", "lil", "iii", "build a bomb", "c++", "aaa", "a b c d"),
        patterns=(r"(a+)+b", r"x.*y.*z"),
        unit="document",
    )
)


@pytest.mark.parametrize("unit", UNITS)
async def test_words_are_found_in_one_pass(unit: str) -> None:
    text = unit * (SIZE // len(unit))

    finding = await KEYWORD.check(Item(text, Context(Stage.INPUT, text)))

    assert finding is None or finding.ranges[-1].end <= len(text)


@pytest.mark.parametrize("unit", UNITS)
def test_a_model_text_is_made_in_one_pass(unit: str) -> None:
    assert all(readings(unit * (SIZE // len(unit))))


@pytest.mark.parametrize("unit", UNITS)
def test_a_claim_and_its_passages_are_read_in_one_pass(unit: str) -> None:
    text = unit * (SIZE // len(unit))

    plain = blank_markup(text)
    facts = [*quantities(plain), *number_words(plain), *names(plain)]
    spots = best_spots(plain, [source_of(text)], 4) if is_claim(plain) else []

    assert len(plain) == len(text)
    assert all(fact.end <= len(text) for fact in facts)
    assert len(spots) <= 4
    assert all(end <= len(text) for _, end in sentence_spans(text))


RULES: dict[str, dict[str, object]] = {
    "code": {},
    "invisible": {},
    "json": {},
    "language": {"allow": ["en"]},
    "length": {"max_tokens": 1_000},
    "regex": {"patterns": {"ticket": r"\b[A-Z]{2,5}-\d{1,6}\b", "pair": "(?s)x.*y.*z"}},
    "repetition": {"unit": "document"},
    "url": {"unit": "document", "deny": ["evil.example"], "protect": ["example.com"]},
}
MORE_UNITS = ["://", "[x.com](", "<a href=", "```\n", "x.y=", "a\u3002b", "xn--a.", "a.b@c", "{(a:"]


@pytest.mark.parametrize("name", RULES)
async def test_a_rule_reads_any_text_in_one_pass(name: str) -> None:
    judge = build(name, RULES[name])
    await judge.setup(object())  # type: ignore[arg-type]  # they need nothing of the server
    for unit in (*UNITS, *MORE_UNITS):
        text = unit * (SIZE // 2 // len(unit))

        finding = await judge.check(Item(text, Context(Stage.OUTPUT, "")))

        assert finding is None or all(found.end <= len(text) for found in finding.ranges)

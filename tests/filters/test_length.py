"""The length filter measures characters and tokens, and says from where on a text is too long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from app.testing.conformance import check_filter
from filters.length import Length, LengthOptions
from tests.filters.items import found, item, judged, rewritten

DOCS = Path(__file__).parents[2] / "docs"


def length(**options: Any) -> Length:
    return Length(LengthOptions.model_validate(options))


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Make a tokenizer with a token for each word."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))  # noqa: S106
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.enable_truncation(3)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


@pytest.mark.parametrize("text", ["a" * 5, "é😀e\u0301a"])
async def test_a_text_may_be_as_long_as_the_limit(text: str) -> None:
    assert await length(max_characters=5).check(item(text)) is None
    assert await found(length(max_characters=5), text + "bc") == [("too_long", "bc")]


@pytest.mark.parametrize("limit", [1, 479, 480, 481, 900, 5_000])
async def test_a_rewrite_cuts_a_stream_at_the_limit(limit: int) -> None:
    text = "abc " * 1_500

    assert rewritten(text, await judged(length(max_characters=limit), text)) == text[:limit]


async def test_what_comes_after_the_limit_is_found_in_each_window() -> None:
    judge = length(max_characters=100)

    finding = await judge.check(item("a" * 20, start=1_000))

    assert finding is not None
    assert (finding.ranges[0].start, finding.ranges[0].end) == (0, 20)


async def test_a_text_may_be_too_short() -> None:
    judge = length(min_characters=3, max_characters=5)

    assert judge.unit.kind == "document"
    assert await found(judge, "ab") == [("too_short", "ab")]
    assert await found(judge, "abc") == []
    assert await found(judge, "abcdef") == [("too_long", "f")]


async def test_a_models_tokenizer_counts_its_tokens(words: Path) -> None:
    judge = length(max_tokens=4, tokenizer=words)

    assert await found(judge, "one two  three four") == []
    assert await found(judge, "one two  three four five six") == [("too_long", " five six")]


async def test_the_first_limit_that_is_passed_counts(words: Path) -> None:
    judge = length(max_tokens=2, max_characters=5, tokenizer=words)

    assert await found(judge, "a b c") == [("too_long", " c")]
    assert await found(judge, "abcdefg h i") == [("too_long", "fg h i")]


@pytest.mark.parametrize("page", ["structure.md", "filters.md", "operating.md"])
async def test_the_estimate_is_near_what_a_tokenizer_counts(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    path = Path(__file__).parents[2] / "models" / "answer" / "1" / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    exact = len(tokenizer.encode(text, add_special_tokens=False).ids)

    assert await length(max_tokens=int(exact * 1.2)).check(item(text)) is None
    assert await length(max_tokens=int(exact * 0.8)).check(item(text)) is not None


@pytest.mark.parametrize(
    "text", ["政府は昨晩、措置を発表した。", "मैंने देखा", "1234567890", "😀😀😀😀", "_" * 30]
)
async def test_no_script_is_free(text: str) -> None:
    assert await length(max_tokens=3).check(item(text)) is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs max_characters"),
        ({"max_characters": 0}, "greater than or equal to 1"),
        ({"min_characters": 5, "max_characters": 4}, "more than max"),
        ({"max_characters": 5, "tokenizer": "x"}, "max_tokens, which is not set"),
        ({"max_tokens": 5, "tokenizer": "/nowhere.json"}, "cannot be read"),
        ({"max_tokens": 5, "tokenizer": str(DOCS / "filters.md")}, "cannot be read"),
    ],
)
def test_what_cannot_work_is_refused_at_start(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        length(**options)


@pytest.mark.parametrize(
    "options",
    [{"max_characters": 60}, {"max_tokens": 20}, {"min_characters": 3}, {"max_characters": 9_000}],
)
async def test_it_conforms(options: dict[str, Any]) -> None:
    await check_filter(length(**options), examples=[item("a" * 100), item("a" * 9_001)])


async def test_it_conforms_with_a_tokenizer(words: Path) -> None:
    await check_filter(length(max_tokens=20, tokenizer=words), examples=[item("a " * 100)])

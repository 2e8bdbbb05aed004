from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing

from scripts.bundling.held_text import WINDOW, NoText, held_text

pytestmark = pytest.mark.train


def tokenizer(*, begins: bool = True) -> Tokenizer:
    words = {"<s>": 0, "?": 1} | {str(number): number + 2 for number in range(2_000)}
    built = Tokenizer(WordLevel(words, unk_token="?"))  # noqa: S106  a word, no secret
    built.pre_tokenizer = WhitespaceSplit()
    if begins:
        built.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return built


def numbers(folder: Path, count: int) -> Path:
    file = folder / "numbers.txt"
    file.write_text("\n\n".join(map(str, range(count))), encoding="utf-8")
    return file


def test_windows_are_spread_over_the_text(tmp_path: Path) -> None:
    text = held_text(tokenizer(), 3 * WINDOW, numbers(tmp_path, 2_000))

    assert text.name == "numbers.txt"
    assert [len(window) for window in text.windows] == [WINDOW] * 3
    assert [window[:2] for window in text.windows] == [(0, 2), (0, 668), (0, 1334)]
    assert text.num_tokens == 3 * WINDOW


def test_a_tokenizer_that_puts_nothing_before_a_text_is_taken_at_its_word(tmp_path: Path) -> None:
    text = held_text(tokenizer(begins=False), WINDOW, numbers(tmp_path, 300))

    assert text.windows == (tuple(range(2, WINDOW + 2)),)


def test_no_more_is_taken_than_there_is(tmp_path: Path) -> None:
    text = held_text(tokenizer(), 100 * WINDOW, numbers(tmp_path, 600))

    assert len(text.windows) == 2


def test_the_same_text_has_the_same_digest(tmp_path: Path) -> None:
    first, again = (held_text(tokenizer(), WINDOW, numbers(tmp_path, 300)) for _ in range(2))
    other = held_text(tokenizer(), 2 * WINDOW, numbers(tmp_path, 2_000))

    assert first.sha256 == again.sha256 != other.sha256


def test_too_little_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoText, match="fewer than 255 tokens"):
        held_text(tokenizer(), WINDOW, numbers(tmp_path, 200))

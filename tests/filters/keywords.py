"""Keyword filters for tests."""

from __future__ import annotations

from typing import Any

from filters import Context, Item, Stage
from filters.keyword import Keyword, KeywordOptions

WORDS = ("kill", "ass", "shit", "fail", "build a bomb", "c++", "don't", "1488")


def keyword(**options: Any) -> Keyword:
    if not options.keys() & {"words", "word_files", "patterns"}:
        options["words"] = WORDS
    return Keyword(KeywordOptions.model_validate(options))


def item(text: str, start: int = 0) -> Item:
    return Item(text, Context(Stage.INPUT, text), start)

"""Notice that a completion refuses what was asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

import re2
from pydantic import Field

from filters import Canary, Filter, Finding, Item, Options, Range, Stage, Unit, in_thread
from filters._text.normalise import Normalised, normalise
from filters._text.patterns import compile_pattern
from filters._text.refusals import CLEAR, SOFT

LONG_TEXT = 4_000
"""Longer texts are read beside the event loop."""

SOFT_SCORE = 0.6

Language = Literal["en", "de", "fr", "es", "it", "pt"]

_EAGER = re.compile(r"\b(?:can ?not|can'?t|could not|couldn'?t) (?:\w+ )?wait\b")
"""`I can't wait to help` promises help."""

_NO_REFUSAL = re.compile(
    r"help (?:but|admiring|being|feeling|laughing|noticing|smiling|thinking|wondering)\b"
)
"""`I can't help but wonder`, `I couldn't help noticing`."""

_EXAMPLES = {
    "en": "I'm sorry, but I can't help with that.",
    "de": "Dabei kann ich dir leider nicht helfen.",
    "fr": "Je ne peux pas vous aider.",
    "es": "No puedo ayudarte con eso.",
    "it": "Non posso aiutarti.",
    "pt": "Não posso ajudar com isso.",
}


class RefusalOptions(Options):
    """In which languages refusals are known."""

    languages: tuple[Language, ...] = Field(("en", "de", "fr", "es", "it", "pt"), min_length=1)
    """English, German, French, Spanish, Italian, Portuguese."""
    phrases: tuple[str, ...] = Field((), max_length=1_000)
    """Further phrases that refuse, as the model at hand words them; case and accents do not matter."""


class Refusal(Filter):
    """Scores 1 where a sentence refuses (`I can't help with that`), 0.6 where it only begins to.

    That is what it does after `I'm sorry, but` or `As an AI, I do not`. It knows how models word it, not
    what was meant: a story in which someone declines an invitation scores as well.
    """

    options_model = RefusalOptions
    options: RefusalOptions
    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.OUTPUT})
    unit = Unit.sentence()

    def __init__(self, options: RefusalOptions) -> None:
        super().__init__(options)
        own = [_literal(phrase, number) for number, phrase in enumerate(options.phrases, 1)]
        clear = [pattern for language in options.languages for pattern in CLEAR[language]]
        soft = [pattern for language in options.languages for pattern in SOFT[language]]
        self._patterns = (_any_of([*clear, *own]), 1.0), (_any_of(soft), SOFT_SCORE)

    async def check(self, item: Item) -> Finding | None:
        if item.context.abstained:  # it does not know, which is no refusal
            return None
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item.text)
        return self._look(item.text)

    def _look(self, text: str) -> Finding | None:
        ranges = tuple(self._ranges(normalise(text)))
        if not ranges:
            return None
        return Finding(max(found.score for found in ranges), "refusal", ranges)

    def canaries(self) -> Sequence[Canary]:
        bad = [Canary(_EXAMPLES[language], bad=True) for language in self.options.languages]
        return [*bad, Canary("The gate opens at nine, and I can help you to find it.", bad=False)]

    def _ranges(self, plain: Normalised) -> Iterator[Range]:
        for pattern, score in self._patterns:
            for match in pattern.finditer(plain.text):
                start, end = match.span()
                if _EAGER.search(match[0]):
                    continue
                if not _NO_REFUSAL.match(
                    plain.text, max(start, plain.text.rfind("help", start, end))
                ):
                    yield Range(*plain.original_range(start, end), "refusal", score)


def _any_of(patterns: Sequence[str]) -> re2._Regexp:
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    return compile_pattern(joined, "phrases", case_sensitive=True)


def _literal(phrase: str, number: int) -> str:
    plain = normalise(phrase).text.strip()
    if not plain:
        raise ValueError(f"phrase {number} holds no visible character")
    return str(re2.escape(plain))

"""Texts that are awkward to judge, the same in every run."""

# ruff: noqa: RUF001 - ambiguous characters on purpose
from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from filters import Unit

AWKWARD = (
    " ",
    "\n\n",
    ".",
    "a",
    "\x00",
    "\ufeffA byte order mark.",
    "An unpaired surrogate: \ud800.",
    "e\u0301 is not é, and ﬁ is two letters.",
    "Zalgo: h\u0335\u0321\u034d\u0353e\u0336\u0322l\u0337\u0323p\u0334",
    "👩‍👩‍👧‍👦 is one family, 🇬🇧 one flag, 👍🏽 one hand.",
    "Zero\u200bwidth\u200dand\u2060joiners\u00ad, \u202eturned around\u202c.",
    "שלום. مرحبا! 你好。नमस्ते। สวัสดี",
    "𝕸𝖆𝖙𝖍𝖊𝖒𝖆𝖙𝖎𝖈𝖆𝖑 letters, ｆｕｌｌ ｗｉｄｔｈ",
    "| a | table |\n|---|---|\n- and a list\n\n```code```",
    "<script>alert('x')</script> & \"quotes\" \\ {braces} %s",
    "What is 1,234.50 € in 2026-01-31T12:00Z? Ask Mr. Smith, e.g. at 3.14 %.",
    "x" * 300,
    "very " * 60 + "long",
)

_LETTERS = "etaoin shrdlu .,!?\n0123456789'\"-éßя中🙂\u200b\u0301\U0001f3fd"


_REPEATED = ("a", "1", " ", "\n", "a ", "a.", "a@", "1,", "x", "A", "-", "<", "(", '"', "\\")
"""What patterns backtrack over; the `!` behind it keeps them from matching after all."""

_SIZES = (*range(6, 34, 2), *(2**power for power in range(6, 15)))
"""Time doubles or worse with each character where a pattern is bad, so a step is small."""


def growing_texts(unit: Unit, examples: Sequence[str] = ()) -> Iterator[str]:
    """Yield texts that grow, made for patterns whose time explodes: it shows while it is short.

    Examples are repeated too: what a pattern nearly matches costs it most.
    """
    for piece in repeated(examples):
        for size in _SIZES:
            if size < longest(unit):
                yield (piece * (size // len(piece) + 1))[:size] + "!"


def repeated(examples: Sequence[str] = ()) -> Iterator[str]:
    """Yield what a pattern may backtrack over when it stands many times in a row."""
    yield from _REPEATED
    yield from filter(None, examples)


def texts_for(unit: Unit, *, num_random: int = 12) -> list[str]:
    """Return awkward texts, none longer than one unit can be."""
    draw = random.Random(0)  # noqa: S311 - test texts are no secret
    lengths = [draw.randint(1, 400) for _ in range(num_random)]
    texts = [*AWKWARD, *("".join(draw.choices(_LETTERS, k=length)) for length in lengths)]
    limit = longest(unit)
    full = "A text as long as one unit can be. "
    texts.append((full * (limit // len(full) + 1))[:limit])
    return [text[:limit] for text in texts]


def longest(unit: Unit) -> int:
    """Return how many characters a unit in a test may have."""
    return {"window": unit.size, "sentence": 1_000}.get(unit.kind, 4_000)

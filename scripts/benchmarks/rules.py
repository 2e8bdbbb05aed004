"""How long each rule filter takes for ordinary texts, and for texts made to be slow."""

from __future__ import annotations

import asyncio
import random
import string
import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from app.chain.registry import build
from filters import Context, Filter, Item, Stage
from scripts.corpus.docstrings import paragraphs

SIZES = (1_000, 4_000, 16_000)
SHOWN = (0, -1)
"""Which of them the table shows; many filters read texts beside the loop from 4,000 on."""

ROUNDS = 3
LONGEST_ON_LOOP_MS = 20.0
"""What a text may cost the event loop at most."""

MOST_GROWTH = 2.5
"""Times four: what a text four times as long may take; it were 4 if time grew with the square."""

_INSTRUCTIONS = (
    "You are the keeper of the gate. Never tell anybody the level of the water behind it. "
)

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "code": {},
    "invisible": {},
    "json": {},
    "keyword": {"words": ["bomb", "kill", "ass", "build a bomb", "credit card", "c++"]},
    "language": {"allow": ["en"]},
    "length": {"max_tokens": 100_000},
    "pii": {},
    "prompt_leakage": {"canaries": ["zanzibar-7731"]},
    "refusal": {},
    "regex": {"patterns": {"ticket": r"\b[A-Z]{2,5}-\d{1,6}\b", "pair": "(?s)x.*y.*z"}},
    "repetition": {},
    "secrets": {"random": True},
    "topics": {"topics": {"acme": ["Acme", "Roadrunner Trap"], "law": ["lawsuit", "attorney"]}},
    "url": {"deny": ["evil.example"], "protect": ["example.com"]},
}


class Timed(BaseModel):
    """What one filter took for texts of one kind, the best of some rounds."""

    filter: str
    text: str
    ms_per_1000: tuple[float, ...]
    """Processor time for a thousand characters, for each of `SIZES`."""
    on_loop_ms: float
    """The longest that a text of any size kept the event loop from everything else."""

    @property
    def is_too_slow(self) -> bool:
        """Whether time grows faster than texts do, or the loop stands still for too long."""
        short, long = self.ms_per_1000[-2:]
        grows = long > MOST_GROWTH * short and long > 0.5  # less may be noise
        return grows or self.on_loop_ms > LONGEST_ON_LOOP_MS


def measure(names: tuple[str, ...] = ()) -> list[Timed]:
    """Measure rule filters, all unless some are named, on every kind of text."""
    return asyncio.run(_measure(names or tuple(OPTIONS)))


def show(timed: list[Timed]) -> None:
    """Print what ordinary texts take, then the slowest of those made to be slow."""
    sizes = [f"{SIZES[at]:,}" for at in SHOWN]
    table = Table("filter", *(f"{kind}, {n}" for kind in ("English", "Chinese") for n in sizes))
    for name in ("slowest text", "its ms", "on the loop"):
        table.add_column(name)
    for name in dict.fromkeys(one.filter for one in timed):
        of_filter = {one.text: one for one in timed if one.filter == name}
        plain = [of_filter.pop(kind) for kind in ("english", "chinese")]
        worst = max(of_filter.values(), key=lambda one: one.ms_per_1000[-1])
        shares = [f"{ms:.3f}" for one in plain for ms in map(one.ms_per_1000.__getitem__, SHOWN)]
        spent = worst.ms_per_1000[-1] * SIZES[-1] / 1_000
        table.add_row(name, *shares, worst.text, f"{spent:.1f}", f"{worst.on_loop_ms:.1f}")
    Console().print(table)
    for one in timed:
        if one.is_too_slow:
            Console().print(f"too slow: {one.filter} on {one.text}: {one}")


@cache
def english() -> str:
    """Return technical English, a megabyte of it."""
    return " ".join(text for _, text in paragraphs())


def texts(size: int) -> Iterator[tuple[str, str]]:
    """Yield the name of each kind of text, and a text of that many characters."""
    draw = random.Random(4)  # noqa: S311  texts, no secrets
    hanzi = "".join(chr(draw.randrange(0x4E00, 0x9000)) for _ in range(500))
    yield "english", english()[:size]
    yield "chinese", _repeated("\u3002".join((hanzi[:23], hanzi[23:61], hanzi[61:])), size)
    yield "letters", "".join(draw.choices(string.ascii_letters, k=size))
    yield "letters and digits", "".join(draw.choices(string.ascii_letters + string.digits, k=size))
    yield "punctuation", "".join(draw.choices(string.punctuation, k=size))
    for unit in _UNITS:
        yield repr(unit), _repeated(unit, size)


_UNITS = [
    *"[{(<\"'`*_-.:/@#$1a \n\u200b\u0301\ufdfa",
    *("a.", "a.b@c ", "a@", "://", "http://a.", "[x.com](", "<a href=", "k1l ", "k i l l ", "a*"),
    *("{'a':", "key=", "sk-", "-----BEGIN ", "4111 1111 ", "+1 650 ", "a b ", "I cannot "),
    *("```\n", "x = 1\n", "def f(a):\n", "\U000e0061", "a\u200d", "gate water "),
]


def _repeated(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


async def _measure(names: tuple[str, ...]) -> list[Timed]:
    kinds = [dict(texts(size)) for size in SIZES]
    timed = []
    for name in names:
        judge = build(name, OPTIONS[name])
        await judge.setup(object())  # type: ignore[arg-type]  # rules need nothing of the server
        for kind in kinds[0]:
            timed.append(await _time(name, judge, kind, [of_size[kind] for of_size in kinds]))
    return timed


async def _time(name: str, judge: Filter, kind: str, of_sizes: list[str]) -> Timed:
    shares, on_loop = [], []
    for text in of_sizes:
        spent = [await _spent(judge, text) for _ in range(ROUNDS)]
        shares.append(min(whole for whole, _ in spent) / len(text) * 1e6)
        on_loop.append(min(loop for _, loop in spent) * 1e3)
    return Timed(filter=name, text=kind, ms_per_1000=tuple(shares), on_loop_ms=max(on_loop))


async def _spent(judge: Filter, text: str) -> tuple[float, float]:
    """Return the seconds of processor time of one check, and those of the event loop's thread."""
    context = Context(Stage.OUTPUT, "How does the gate work?", instructions=(_INSTRUCTIONS * 5,))
    item = Item(text, context)
    whole, loop = time.process_time(), time.thread_time()
    await judge.check(item)
    return time.process_time() - whole, time.thread_time() - loop

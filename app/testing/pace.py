"""The rules about time, none of which a busy machine breaks: what counts is the best of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median
from time import perf_counter

from app.testing.judging import NOT_HERE, Subject, demand, judge, timed
from app.testing.texts import growing_texts, repeated
from filters import Item

HELD_S = 0.1
"""Longest that a check may hold the event loop at a time, on which all requests run."""
TRIES = 5
_SIZES = (2_000, 4_000, 8_000)
_NOTICEABLE_S = 0.002
_STEEP = 3.0
"""Twice the text takes twice the time; four times would be the square of it."""
_NO_BACKTRACKING = (
    "use google-re2 (`import re2`), whose time grows with the text only; or rid the pattern of nested "
    "and neighbouring repeats such as (a+)+ and a*a*, and of \\s+$, which begins anew at each blank"
)


async def the_loop_is_left_to_others(subject: Subject) -> None:
    """No check computes or blocks for long where all other requests wait."""
    if subject.is_isolated:
        return
    for item in subject.items:
        held_s = await _best_hold(subject, item, HELD_S)
        demand(
            held_s <= HELD_S,
            f"the check blocked the event loop for {held_s:.2f} s, with {TRIES} tries at best",
            NOT_HERE,
            item,
        )


async def time_does_not_explode(subject: Subject) -> None:
    """Texts made for patterns that backtrack take no longer than others."""
    if subject.is_isolated:
        return  # its pace may be an attacker's: it is killed at the deadline
    context = subject.items[0].context
    for text in growing_texts(subject.filter.unit, [item.text for item in subject.examples]):
        started = perf_counter()
        try:
            await judge(subject, Item(text, context))
        except AssertionError as error:
            took_s = perf_counter() - started
            demand(
                took_s < subject.deadline_s,
                f"the time explodes: {len(text)} characters took {took_s:.1f} s",
                _NO_BACKTRACKING,
                Item(text, context),
            )
            raise error from None


async def time_grows_with_the_text(subject: Subject) -> None:
    """Twice the text takes about twice the time; only a document can be so long that it matters."""
    if subject.is_isolated or subject.filter.unit.kind != "document":
        return
    for piece in repeated([item.text for item in subject.examples]):
        held_s: list[float] = []
        for size in _SIZES:
            text = (piece * (size // len(piece) + 1))[:size] + "!"
            item = replace(subject.items[0], text=text)
            enough_s = _STEEP * held_s[-1] if held_s else _NOTICEABLE_S
            held_s.append(await _best_hold(subject, item, enough_s, TRIES if held_s else 1))
            if not _is_steep(held_s):
                break
            demand(
                len(held_s) < len(_SIZES),
                f"the time grows with the square of the text: {held_s[-1] * 1e3:.0f} ms, and "
                f"{held_s[0] * 1e3:.0f} ms for a quarter of it",
                _NO_BACKTRACKING,
                item,
            )


def _is_steep(held_s: Sequence[float]) -> bool:
    grows = all(longer >= _STEEP * shorter for shorter, longer in pairwise(held_s))
    return held_s[0] > _NOTICEABLE_S and grows


async def it_keeps_its_budget(subject: Subject) -> None:
    """Half of the items take no longer than the author's budget, if there is one."""
    if subject.budget_ms is None:
        return
    middle = median([await _best_ms(subject, item) for item in subject.items])
    demand(
        middle <= subject.budget_ms,
        f"half of the items took {middle:.2f} ms or more; the budget is {subject.budget_ms} ms",
        "prepare in `__init__` or `setup` what does not depend on the item; judge less at once",
    )


async def _best_hold(subject: Subject, item: Item, enough_s: float, tries: int = TRIES) -> float:
    """Return for how long a check holds the loop: the least of some tries, or the first short one."""
    best = float("inf")
    for _ in range(tries):
        best = min(best, (await timed(subject, item))[1])
        if best <= enough_s:
            break
    return best


async def _best_ms(subject: Subject, item: Item) -> float:
    best = float("inf")
    for _ in range(TRIES):
        started = perf_counter()
        await judge(subject, item)
        best = min(best, (perf_counter() - started) * 1_000)
    return best

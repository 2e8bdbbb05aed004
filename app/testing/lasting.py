"""The rules about what a check leaves behind: in the filter, and on the event loop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from dataclasses import replace

from app.testing.comparing import equal_findings
from app.testing.judging import Subject, demand, judge
from app.testing.rules import STATELESS
from filters import Filter, Item

NEUTRAL = "Then it goes on."
_AFTER_STEPS = (1, 2, 3, 5, 8)
"""At which of its awaits a check is cancelled."""


async def history_has_no_say(subject: Subject) -> None:
    """What was judged before changes nothing, so a stream's verdicts are those of the whole text."""
    items = [*subject.items, *_look_alikes(subject)]
    forth = [await judge(subject, item) for item in items]
    fresh = replace(subject, filter=_fresh(subject.filter))
    back = [await judge(fresh, item) for item in reversed(items)]
    for item, first, second in zip(items, forth, reversed(back), strict=True):
        reason = f"the finding depends on what was judged before: {first} then {second}"
        demand(equal_findings(first, second), reason, _KEYS, item)


async def units_stand_alone(subject: Subject) -> None:
    """What a unit says does not depend on the one before it, of the same text."""
    for item in subject.examples:
        for first, second in _cuts(item):
            await judge(subject, replace(item, text=NEUTRAL))
            alone = await judge(subject, second)
            await judge(subject, first)
            behind = await judge(subject, second)
            reason = f"the finding depends on the unit before it, {first.text[-40:]!r}: {behind}"
            demand(equal_findings(alone, behind), f"{reason}, not {alone}", STATELESS, second)


async def it_stops_when_cancelled(subject: Subject) -> None:
    """A deadline that is over ends the check, and changes nothing."""
    for item in (max(subject.items, key=lambda item: len(item.text)), *subject.examples):
        before = await judge(subject, item)
        for steps in _AFTER_STEPS:
            if not await _cancelled(subject, item, steps):
                break
        after = await judge(subject, item)
        reason = "a cancelled check changed later findings"
        demand(equal_findings(before, after), reason, STATELESS, item)


async def nothing_goes_on(subject: Subject) -> None:
    """A check that has ended, or was cancelled, has left no task on the event loop."""
    before = asyncio.all_tasks()
    for item in subject.items:
        await judge(subject, item)
        await _nothing_new(before, item)
    for item in subject.examples or subject.items[:1]:
        await _cancelled(subject, item, 1)
        await _nothing_new(before, item)


async def _cancelled(subject: Subject, item: Item, steps: int) -> bool:
    """Cancel a check after some steps; tell whether it was still at work then."""
    task = asyncio.ensure_future(subject.filter.check(item))  # no group: it waits for a stuck one
    for _ in range(steps):
        await asyncio.sleep(0)
    if task.done():
        return False
    task.cancel()
    await asyncio.wait({task}, timeout=subject.deadline_s)
    went_on, was_swallowed = not task.done(), task.done() and not task.cancelled()
    task.cancel()
    reason = "the check swallowed its cancellation"
    demand(
        not (went_on or was_swallowed),
        f"the check went on for {subject.deadline_s} s after it was cancelled"
        if went_on
        else reason,
        "let asyncio.CancelledError through: no `except BaseException`, no bare `except`, no wait "
        "or `return` in a `finally`",
        item,
    )
    return True


async def _nothing_new(before: set[asyncio.Task[object]], item: Item) -> None:
    for _ in range(3):  # what has ended is taken off the loop in its next turns
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before
    demand(
        not left,
        f"the check has ended and left {len(left)} task(s) on the event loop",
        "await what you start: `async with asyncio.TaskGroup() as group`; what lasts longer than a "
        "check begins in `setup` and ends in `close`",
        item,
    )


_KEYS = STATELESS + ", and let the whole text be the key of whatever is cached"


def _look_alikes(subject: Subject) -> Iterator[Item]:
    """Yield texts that share with an example what a careless cache takes for the text itself."""
    for item in subject.examples:
        text = item.text
        for other in (text.swapcase(), text[::-1], text[: len(text) // 2], "z" * len(text)):
            if other and other != text:
                yield replace(item, text=other)


def _fresh(filter: Filter) -> Filter:
    """Return another instance that has seen nothing yet; the same one, where none can be made."""
    cls = type(filter)
    takes_options_only = len(inspect.signature(cls).parameters) == 1
    if cls.setup is not Filter.setup or not takes_options_only:
        return filter
    made = cls(filter.options)
    same = (made.unit, made.placeholders) == (filter.unit, filter.placeholders)
    return made if same else filter


def _cuts(item: Item) -> Iterator[tuple[Item, Item]]:
    """Yield the two halves of a text, cut at a space near its middle."""
    middle = item.text.find(" ", len(item.text) // 2) + 1 or item.text.find(" ") + 1
    if 0 < middle < len(item.text):
        first, second = item.text[:middle], item.text[middle:]
        yield replace(item, text=first), replace(item, text=second, start=item.start + middle)

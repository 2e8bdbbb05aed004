"""The rules that hold for one item after the other, each with how to mend what breaks it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from statistics import median
from time import perf_counter

from app.testing.comparing import equal_findings
from app.testing.judging import Subject, demand, judge
from app.testing.texts import growing_texts
from filters import Item

FAR = 100_000
"""Behind the end of every text here, so that a position in the whole text shows."""

_STATELESS = "keep nothing of an item on `self`: put it into local variables of `check`"


async def findings_are_valid(subject: Subject) -> None:
    """Every text gets a finding that fits it."""
    for item in subject.items:
        await judge(subject, item)


async def it_is_deterministic(subject: Subject) -> None:
    """The same text gets the same finding twice in a row."""
    for item in subject.items:
        first, second = await judge(subject, item), await judge(subject, item)
        demand(
            equal_findings(first, second),
            f"the same text got two findings: {first} then {second}",
            "seed what is drawn at random, sort what comes out of a set, and leave the clock alone; "
            + _STATELESS,
            item,
        )


async def history_has_no_say(subject: Subject) -> None:
    """What was judged before changes nothing, so a stream's verdicts are those of the whole text."""
    forth = [await judge(subject, item) for item in subject.items]
    back = [await judge(subject, item) for item in reversed(subject.items)]
    for item, first, second in zip(subject.items, forth, reversed(back), strict=True):
        reason = f"the finding depends on what was judged before: {first} then {second}"
        demand(equal_findings(first, second), reason, _STATELESS, item)


async def requests_are_isolated(subject: Subject) -> None:
    """Requests that are judged at the same time do not disturb each other."""
    alone = [await judge(subject, item) for item in subject.items]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(subject.filter.check(item)) for item in subject.items]
    for item, task, expected in zip(subject.items, tasks, alone, strict=True):
        reason = "requests that are judged at the same time disturb each other"
        found = f"{reason}: {task.result()}, not {expected}"
        demand(equal_findings(task.result(), expected), found, _STATELESS, item)


async def it_stops_when_cancelled(subject: Subject) -> None:
    """A deadline that is over ends the check, and leaves nothing behind."""
    item = max(subject.items, key=lambda item: len(item.text))
    before = await judge(subject, item)
    task = asyncio.ensure_future(subject.filter.check(item))  # no group: it waits for a stuck one
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=subject.deadline_s)
    stopped = task.done()
    task.cancel()
    demand(
        stopped,
        f"the check went on for {subject.deadline_s} s after it was cancelled",
        "let asyncio.CancelledError through: no `except BaseException`, no bare `except`, no wait "
        "in a `finally`",
        item,
    )
    after = await judge(subject, item)
    reason = "a cancelled check changed later findings"
    demand(equal_findings(before, after), reason, _STATELESS, item)


async def it_is_the_same_wherever_it_stands(subject: Subject) -> None:
    """Positions count from the unit; only a window may leave its edges to its neighbours."""
    for item in subject.items:
        moved = replace(item, start=item.start + FAR)
        finding = await judge(subject, moved)
        if subject.filter.unit.kind != "window":
            here = await judge(subject, item)
            demand(
                equal_findings(here, finding),
                f"the finding depends on where the unit stands: {here}, then {finding}",
                "count from the beginning of item.text; item.start is for windows alone",
                item,
            )


async def time_does_not_explode(subject: Subject) -> None:
    """Texts made for patterns that backtrack take no longer than others."""
    context = subject.items[0].context
    for text in growing_texts(subject.filter.unit, [item.text for item in subject.examples]):
        started = perf_counter()
        try:
            await judge(subject, Item(text, context))
        except AssertionError as error:
            took_s = perf_counter() - started
            demand(
                took_s <= subject.deadline_s,
                f"the time explodes: {len(text)} characters took {took_s:.1f} s",
                "use google-re2 (`import re2`), whose time grows with the text only; or rid the "
                "pattern of nested and neighbouring repeats such as (a+)+ and a*a*",
                Item(text, context),
            )
            raise error from None


async def canaries_separate(subject: Subject) -> None:
    """Every bad canary scores above every good one, at each stage."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    for canary in subject.filter.canaries():
        for stage in sorted(subject.filter.stages):
            finding = await judge(subject, canary.item(stage))
            scores[canary.bad].append(finding.score if finding else 0.0)
    demand(
        min(scores[True], default=math.inf) > max(scores[False], default=-math.inf),
        f"known bad texts score {scores[True]}, known good ones {scores[False]}",
        "choose canaries that the filter, with these options, tells apart: higher is always worse",
    )


async def it_keeps_its_budget(subject: Subject) -> None:
    """Half of the items take no longer than the author's budget, if there is one."""
    if subject.budget_ms is None:
        return
    took_ms = []
    for item in subject.items:
        started = perf_counter()
        await judge(subject, item)
        took_ms.append((perf_counter() - started) * 1_000)
    middle = median(took_ms)
    demand(
        middle <= subject.budget_ms,
        f"half of the items took {middle:.2f} ms or more; the budget is {subject.budget_ms} ms",
        "prepare in `__init__` or `setup` what does not depend on the item; judge less at once",
    )

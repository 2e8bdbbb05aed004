"""The rules that hold for one item after the other, each with how to mend what breaks it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from datetime import timedelta

from app.testing.clock import moved_clock
from app.testing.comparing import equal_findings
from app.testing.judging import Subject, demand, judge

FAR = 100_000
"""Behind the end of every text here, so that a position in the whole text shows."""

_LATER = (timedelta(days=97, hours=7, minutes=31, seconds=17), timedelta(days=3_301, hours=12))

STATELESS = "keep nothing of an item on `self`: put it into local variables of `check`"


async def findings_are_valid(subject: Subject) -> None:
    """Every text gets a finding that fits it."""
    for item in subject.items:
        await judge(subject, item)


async def an_example_is_found(subject: Subject) -> None:
    """There is something to find in one of the examples, or most rules would show nothing."""
    found = [await judge(subject, item) for item in subject.examples]
    demand(
        not found or any(found),
        "nothing is found in any of the examples",
        "give examples that the filter, with these options, finds something in",
        subject.examples[0] if subject.examples else None,
    )


async def it_is_deterministic(subject: Subject) -> None:
    """The same text gets the same finding twice in a row."""
    for item in subject.items:
        first, second = await judge(subject, item), await judge(subject, item)
        demand(
            equal_findings(first, second),
            f"the same text got two findings: {first} then {second}",
            "seed what is drawn at random, sort what comes out of a set, and leave the clock alone; "
            + STATELESS,
            item,
        )


async def the_clock_has_no_say(subject: Subject) -> None:
    """The same text gets the same finding at another time of another day."""
    now = [await judge(subject, item) for item in subject.items]
    for later in _LATER:
        with moved_clock(later, type(subject.filter).__module__):
            for item, before in zip(subject.items, now, strict=True):
                finding = await judge(subject, item)
                demand(
                    equal_findings(before, finding),
                    f"the finding depends on the clock: {before}, {later} later {finding}",
                    "leave the time of day alone: what a text says does not change with it; let the "
                    "operator give a date as an option",
                    item,
                )


async def requests_are_isolated(subject: Subject) -> None:
    """Requests that are judged at the same time do not disturb each other."""
    alone = [await judge(subject, item) for item in subject.items]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(subject.filter.check(item)) for item in subject.items]
    for item, task, expected in zip(subject.items, tasks, alone, strict=True):
        reason = "requests that are judged at the same time disturb each other"
        found = f"{reason}: {task.result()}, not {expected}"
        demand(equal_findings(task.result(), expected), found, STATELESS, item)


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


async def canaries_separate(subject: Subject) -> None:
    """Every bad canary scores above every good one, at each stage."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    for canary in subject.filter.canaries():
        for stage in sorted(subject.filter.stages):
            finding = await judge(subject, canary.item(stage))
            scores[canary.bad].append(finding.score if finding else 0.0)
    demand(
        min(scores[True], default=math.inf) > max(scores[False], default=0.0),
        f"known bad texts score {scores[True]}, known good ones {scores[False]}",
        "choose canaries that the filter, with these options, tells apart: higher is always worse",
    )

"""Check that a filter keeps the contract, in one line of its author's test."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import zip_longest
from time import perf_counter

from app.testing.texts import growing_texts, texts_for
from filters import Context, Filter, Finding, Item, Passage, Range, Stage

Check = Callable[[Filter, Sequence[Item], float], Awaitable[None]]

TOLERANCE = 1e-3
"""Scores this close are equal: sums in floating point depend on their order."""

FAR = 100_000
"""Behind the end of every text here, so that a position in the whole text shows."""

_PASSAGE = Passage("p1", "Water runs through the gate, not past it.", "docs/gate.md")


async def check_filter(
    filter: Filter,
    *,
    examples: Sequence[Item] = (),
    deadline_s: float = 10.0,
) -> None:
    """Run every conformance check on a filter whose `setup` is done, if it needs one.

    Args:
        filter: the instance, with the options to test.
        examples: items of the author's own, judged beside the built-in awkward ones; give some
            that the filter finds something in.
        deadline_s: most seconds that one item may take, also after it was cancelled.

    Raises:
        AssertionError: the filter breaks the contract; the message says where and on which text.
    """
    items = [*examples, *_items(filter)]
    options = filter.options.model_dump_json()
    for check in CHECKS:
        await check(filter, items, deadline_s)
    assert filter.options.model_dump_json() == options, "the filter changed its options"  # noqa: S101


async def _findings_are_valid(judge: Filter, items: Sequence[Item], deadline_s: float) -> None:
    for item in items:
        finding = await _judge(judge, item, deadline_s)
        problem = _problem(finding, item)
        _demand(problem is None, problem or "", item)


async def _same_again(judge: Filter, items: Sequence[Item], deadline_s: float) -> None:
    """What was judged before has no say, so a stream's verdicts are those of the whole text."""
    forth = [await _judge(judge, item, deadline_s) for item in items]
    back = [await _judge(judge, item, deadline_s) for item in reversed(items)]
    for item, first, second in zip(items, forth, reversed(back), strict=True):
        reason = "the finding depends on what was judged before"
        _demand(_equal(first, second), f"{reason}: {first} then {second}", item)


async def _same_side_by_side(judge: Filter, items: Sequence[Item], deadline_s: float) -> None:
    alone = [await _judge(judge, item, deadline_s) for item in items]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(judge.check(item)) for item in items]
    for item, task, expected in zip(items, tasks, alone, strict=True):
        reason = "requests that are judged at the same time disturb each other"
        _demand(_equal(task.result(), expected), f"{reason}: {task.result()}, not {expected}", item)


async def _stops_when_cancelled(judge: Filter, items: Sequence[Item], deadline_s: float) -> None:
    item = max(items, key=lambda item: len(item.text))
    before = await _judge(judge, item, deadline_s)
    task = asyncio.ensure_future(judge.check(item))  # no group: it would wait for a stuck one
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=deadline_s)
    stopped = task.done()
    task.cancel()
    _demand(stopped, f"the check went on for {deadline_s} s after it was cancelled", item)
    after = await _judge(judge, item, deadline_s)
    _demand(_equal(before, after), "a cancelled check changed later findings", item)


async def _canaries_separate(judge: Filter, items: Sequence[Item], deadline_s: float) -> None:
    scores: dict[bool, list[float]] = {True: [], False: []}
    for canary in judge.canaries():
        for stage in judge.stages:
            question, instructions = canary.question or canary.text, canary.instructions
            context = Context(stage, question, canary.passages, instructions=instructions)
            finding = await _judge(judge, Item(canary.text, context), deadline_s)
            scores[canary.bad].append(finding.score if finding else 0.0)
    apart = min(scores[True], default=math.inf) > max(scores[False], default=-math.inf)
    assert apart, f"known bad texts score {scores[True]}, known good ones {scores[False]}"  # noqa: S101


async def _same_wherever_it_stands(judge: Filter, items: Sequence[Item], deadline_s: float) -> None:
    """Positions count from the unit; only a window may leave its edges to its neighbours."""
    for item in items:
        moved = replace(item, start=item.start + FAR)
        finding = await _judge(judge, moved, deadline_s)
        problem = _problem(finding, moved)
        _demand(problem is None, f"{problem}, where the unit begins at {moved.start}", moved)
        if judge.unit.kind != "window":
            here = await _judge(judge, item, deadline_s)
            reason = "the finding depends on where the unit stands"
            _demand(_equal(here, finding), f"{reason}: {here}, then {finding}", item)


async def _time_does_not_explode(judge: Filter, items: Sequence[Item], deadline_s: float) -> None:
    context = items[0].context
    for text in growing_texts(judge.unit):
        await _judge(judge, Item(text, context), deadline_s)


CHECKS: tuple[Check, ...] = (
    _findings_are_valid,
    _same_again,
    _same_side_by_side,
    _stops_when_cancelled,
    _same_wherever_it_stands,
    _time_does_not_explode,
    _canaries_separate,
)


def _items(judge: Filter) -> list[Item]:
    passages = (_PASSAGE,) if Stage.OUTPUT in judge.stages else ()
    return [
        Item(text, Context(stage, "How does it work?", passages))
        for stage in sorted(judge.stages)
        for text in texts_for(judge.unit)
    ]


async def _judge(judge: Filter, item: Item, deadline_s: float) -> Finding | None:
    started = perf_counter()
    try:
        async with asyncio.timeout(deadline_s):
            finding = await judge.check(item)
    except TimeoutError as error:
        raise AssertionError(_message(f"no finding within {deadline_s} s", item)) from error
    except Exception as error:
        raise AssertionError(_message(f"the check raised {error!r}", item)) from error
    took_s = perf_counter() - started
    _demand(took_s <= deadline_s, f"the check blocked the event loop for {took_s:.1f} s", item)
    return finding


def _problem(finding: object, item: Item) -> str | None:
    if finding is None:
        return None
    if not isinstance(finding, Finding):
        return f"check returned {type(finding).__name__}, not a Finding or None"
    if any(found.end > len(item.text) for found in finding.ranges):
        return f"a range ends behind the text: {finding.ranges}"
    passages = item.context.passages or finding.passages
    for evidence in finding.evidence:
        if not 0 <= evidence.passage < len(passages):
            return "evidence points at a passage that is not there"
        if not 0 <= evidence.start < evidence.end <= len(passages[evidence.passage].text):
            return "evidence points beside its passage's text"
    return None


def _equal(one: Finding | None, other: Finding | None) -> bool:
    if one is None or other is None:
        return one is other
    labels = one.label == other.label and one.scores.keys() == other.scores.keys()
    scores = [
        (one.score, other.score),
        *((one.scores[k], other.scores.get(k, 9)) for k in one.scores),
    ]
    close = all(abs(first - second) <= TOLERANCE for first, second in scores)
    ranges = all(_equal_ranges(a, b) for a, b in zip_longest(one.ranges, other.ranges))
    return labels and close and ranges and one.passages == other.passages


def _equal_ranges(one: Range | None, other: Range | None) -> bool:
    if one is None or other is None:
        return False
    places = (one.start, one.end, one.label, one.replacement)
    return places == (other.start, other.end, other.label, other.replacement) and (
        abs(one.score - other.score) <= TOLERANCE
    )


def _demand(holds: bool, reason: str, item: Item) -> None:
    if not holds:
        raise AssertionError(_message(reason, item))


def _message(reason: str, item: Item) -> str:
    text = item.text if len(item.text) <= 80 else item.text[:77] + "..."
    return f"{reason}\n  stage {item.context.stage}, text {text!r} ({len(item.text)} characters)"

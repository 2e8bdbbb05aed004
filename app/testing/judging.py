"""Ask a filter for one finding, and say what is wrong and how to mend it if there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from filters import Filter, Finding, Item


@dataclass(frozen=True, slots=True)
class Subject:
    """A filter under test, with what it is tested on."""

    filter: Filter
    items: Sequence[Item]
    examples: Sequence[Item]
    """The author's own; they stand among the items too."""
    deadline_s: float
    budget_ms: float | None


def demand(holds: bool, reason: str, mend: str, item: Item | None = None) -> None:
    """Fail unless something holds.

    Args:
        holds: whether it does.
        reason: what is wrong.
        mend: how to set it right.
        item: where it went wrong.

    Raises:
        AssertionError: it does not hold.
    """
    if not holds:
        raise AssertionError("\n".join([reason, *_place(item), f"  mend: {mend}"]))


async def judge(subject: Subject, item: Item) -> Finding | None:
    """Return the finding of one item.

    Raises:
        AssertionError: there is none in time, or the check raised.
    """
    started = perf_counter()
    try:
        async with asyncio.timeout(subject.deadline_s):
            finding = await subject.filter.check(item)
    except TimeoutError:
        finding = None
        demand(
            False,
            f"no finding within {subject.deadline_s} s",
            "bound the work: judge less at once with a smaller `unit`, or look at less of the text",
            item,
        )
    except Exception as error:
        mend = "any text may come: one space, a lone surrogate, no letter at all; see the traceback"
        raise AssertionError(
            "\n".join([f"the check raised {error!r}", *_place(item), f"  mend: {mend}"])
        ) from error
    took_s = perf_counter() - started
    demand(
        took_s <= subject.deadline_s,
        f"the check blocked the event loop for {took_s:.1f} s",
        "put long work beside the loop, and bound it: `await in_thread(function, text)`, from "
        "`filters`; never `time.sleep` or a blocking read",
        item,
    )
    _demand_valid(finding, item)
    return finding


def _demand_valid(finding: object, item: Item) -> None:
    if finding is None:
        return
    demand(
        isinstance(finding, Finding),
        f"check returned {type(finding).__name__}, not a Finding or None",
        "return Finding(score, label), or None where there is nothing to say",
        item,
    )
    assert isinstance(finding, Finding)  # noqa: S101  for the type checker
    demand(
        all(found.end <= len(item.text) for found in finding.ranges),
        f"a range ends behind the text: {finding.ranges}",
        "positions are Python string indices of item.text, from its beginning: no bytes, no UTF-16 "
        "units, not those of a changed copy, and item.start is not added",
        item,
    )
    passages = item.context.passages or finding.passages
    for evidence in finding.evidence:
        demand(
            0 <= evidence.passage < len(passages),
            "evidence points at a passage that is not there",
            "Evidence.passage is an index into item.context.passages",
            item,
        )
        demand(
            0 <= evidence.start < evidence.end <= len(passages[evidence.passage].text),
            "evidence points beside its passage's text",
            "Evidence.start and .end are positions in the passage's text, not in the item's",
            item,
        )


def _place(item: Item | None) -> list[str]:
    if item is None:
        return []
    text = item.text if len(item.text) <= 80 else item.text[:77] + "..."
    return [f"  stage {item.context.stage}, text {text!r} ({len(item.text)} characters)"]

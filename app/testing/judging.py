"""Ask a filter for one finding, and say what is wrong and how to mend it if there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app.testing.stepping import Steps, Stuck
from filters import Filter, Finding, Item

NOT_HERE = (
    "search with google-re2 (`import re2`), whose time grows with the text only; put long work beside "
    "the loop, and bound it: `await in_thread(function, text)`, from `filters`; never `time.sleep` or "
    'a blocking read; or choose `isolation = "process"`'
)
_LESS = "bound the work: judge less at once with a smaller `unit`, or look at less of the text"


@dataclass(frozen=True, slots=True)
class Subject:
    """A filter under test, with what it is tested on."""

    filter: Filter
    items: Sequence[Item]
    examples: Sequence[Item]
    """The author's own; they stand among the items too."""
    deadline_s: float
    budget_ms: float | None

    @property
    def is_isolated(self) -> bool:
        """Whether it runs in a process of its own, where it holds up nobody."""
        return self.filter.isolation == "process"


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
    return (await timed(subject, item))[0]


async def timed(subject: Subject, item: Item) -> tuple[Finding | None, float]:
    """Return the finding of one item, and for how many seconds at a time its check held the loop.

    Raises:
        AssertionError: as `judge`.
    """
    steps = Steps(subject.filter.check(item), subject.deadline_s)
    deadline = asyncio.timeout(subject.deadline_s)
    try:
        async with deadline:
            finding = await steps
    except Stuck:
        finding = None
    except Exception as error:
        if isinstance(error, TimeoutError) and deadline.expired():
            demand(False, f"no finding within {subject.deadline_s} s", _LESS, item)
        mend = "any text may come: one space, a lone surrogate, no letter at all; see the traceback"
        raise AssertionError(
            "\n".join([f"the check raised {error!r}", *_place(item), f"  mend: {mend}"])
        ) from error
    if steps.longest_s > subject.deadline_s:
        blocked = f"the check blocked the event loop for {steps.longest_s:.1f} s"
        late = f"no finding within {subject.deadline_s} s"
        demand(False, *((late, _LESS) if subject.is_isolated else (blocked, NOT_HERE)), item)
    _demand_valid(finding, item)
    return finding, steps.held_s


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

"""The kit finds what a reader of the filter may miss, and lets pass what only looks odd."""

from __future__ import annotations

import pytest

from app.testing import conformance
from filters import Context, Filter, Item, Options, Stage
from tests.app.testing.subtle_filters import (
    ByHour,
    ByHourOfDatetime,
    ByHourOfName,
    ByYear,
    CachedByFolded,
    CachedByLength,
    Continued,
    Deaf,
    Echoing,
    Escalating,
    Exponential,
    Growing,
    Harmless,
    Leaking,
    LeakingWhenCancelled,
    Learning,
    Napping,
    OfCopy,
    OffByMore,
    OfSingleBlanks,
    OfStripped,
    OfUnescaped,
    Quadratic,
    Restless,
    Stop,
    Swallowing,
    SwallowingLate,
)
from tests.app.testing.unusual_filters import (
    Caching,
    Drawing,
    InParts,
    Nested,
    OfQuestion,
    Patient,
    Whole,
)

CONTEXT = Context(Stage.INPUT, "What now?")
EXAMPLES = [Item("Now STOP IT, all of you.", CONTEXT), Item("very " * 60 + "loud: STOP", CONTEXT)]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Escalating, "judged before"),
        (CachedByLength, "judged before.*key of whatever is cached"),
        (CachedByFolded, "judged before.*key of whatever is cached"),
        (Continued, "judged before|two findings"),
        (OfCopy, r"off by \+2: it counts .*NFKC"),
        (OfStripped, r"off by -3: it counts characters of a stripped copy"),
        (OfSingleBlanks, "off by -6"),
        (OfUnescaped, "it counts characters of an unescaped copy"),
        (OffByMore, r"the range \d+…\d+ is off by -\d+\n"),
        (Napping, r"blocked the event loop for 0\.1\d s, with 5 tries at best"),
        (Exponential, "blocked the event loop for 2.*google-re2|the time explodes"),
        (Quadratic, "the square of the text"),
        (Restless, "two findings|judged before"),
        (ByHour, "depends on the clock"),
        (ByHourOfDatetime, "depends on the clock"),
        (ByHourOfName, "depends on the clock"),
        (ByYear, "depends on the clock"),
        (Swallowing, "swallowed its cancellation"),
        (SwallowingLate, "swallowed its cancellation"),
        (Leaking, r"left 1 task\(s\)"),
        (LeakingWhenCancelled, r"left 1 task\(s\)"),
        (Harmless, "known bad texts score"),
        (Deaf, "known bad texts score"),
        (Echoing, "rewriting again gives another text"),
    ],
)
async def test_a_subtle_fault_is_named(kind: type[Filter], message: str) -> None:
    with pytest.raises(AssertionError, match=f"(?s){message}") as caught:
        await conformance.check_filter(kind(Options()), examples=EXAMPLES, deadline_s=2.0)

    assert "\n  mend: " in str(caught.value)


async def test_options_that_grow_are_told() -> None:
    with pytest.raises(AssertionError, match="changed its options"):
        await conformance.check_filter(Learning(Growing()), examples=EXAMPLES)


@pytest.mark.parametrize(
    "kind", [Stop, Caching, Drawing, InParts, Patient, Nested, OfQuestion, Whole]
)
async def test_what_is_right_passes(kind: type[Filter]) -> None:
    examples = [item for item in EXAMPLES if item.context.stage in kind.stages]

    await conformance.check_filter(kind(Options()), examples=examples, budget_ms=500)

"""Check that a filter keeps the contract, in one line of its author's test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from app.testing import lasting, pace, positions, rules, stretches
from app.testing.judging import Subject, demand
from app.testing.texts import texts_for
from filters import Context, Filter, Item, Passage, Stage

Rule = Callable[[Subject], Awaitable[None]]

RULES: tuple[Rule, ...] = (
    pace.the_loop_is_left_to_others,
    rules.findings_are_valid,
    rules.it_is_deterministic,
    lasting.history_has_no_say,
    lasting.units_stand_alone,
    rules.requests_are_isolated,
    lasting.it_stops_when_cancelled,
    lasting.nothing_goes_on,
    rules.it_is_the_same_wherever_it_stands,
    positions.positions_count_characters,
    stretches.rewriting_is_idempotent,
    stretches.streams_equal_the_whole,
    rules.the_clock_has_no_say,
    pace.time_does_not_explode,
    pace.time_grows_with_the_text,
    rules.canaries_separate,
    rules.an_example_is_found,
    pace.it_keeps_its_budget,
)

MOST_CANARIES = 2
"""More would prove no more, and take their time."""

_PASSAGE = Passage("p1", "Water runs through the gate, not past it.", "docs/gate.md")


async def check_filter(
    filter: Filter,
    *,
    examples: Sequence[Item] = (),
    deadline_s: float = 10.0,
    budget_ms: float | None = None,
) -> None:
    """Run every rule on a filter whose `setup` is done, if it needs one.

    Args:
        filter: the instance, with the options to test.
        examples: items of the author's own, judged beside the built-in awkward ones and some bad
            canaries; give some that the filter finds something in.
        deadline_s: most seconds that one item may take, also after it was cancelled.
        budget_ms: most milliseconds that half of the items may take, if that matters.

    Raises:
        AssertionError: the filter breaks the contract; the message says how, on which text, and
            how to mend it.
    """
    known = [*examples, *_known_bad(filter)]
    subject = Subject(filter, [*known, *_items(filter)], known, deadline_s, budget_ms)
    options = filter.options.model_dump_json()
    for rule in RULES:
        await rule(subject)
        demand(
            filter.options.model_dump_json() == options,
            "the filter changed its options",
            "options are frozen: copy what you want to change in `__init__`",
        )


def _known_bad(filter: Filter) -> list[Item]:
    """Return what the filter says of itself that it finds something in."""
    stage = min(filter.stages)
    bad = [canary.item(stage) for canary in filter.canaries() if canary.bad]
    return bad[:MOST_CANARIES]


def _items(filter: Filter) -> list[Item]:
    return [
        Item(text, Context(stage, "How does it work?", _passages(filter, stage, text)))
        for stage in sorted(filter.stages)
        for text in texts_for(filter.unit)
    ]


def _passages(filter: Filter, stage: Stage, text: str) -> tuple[Passage, ...]:
    if stage is Stage.RETRIEVAL:
        return (replace(_PASSAGE, text=text),)
    return (_PASSAGE,) if Stage.OUTPUT in filter.stages else ()

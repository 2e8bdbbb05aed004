"""Texts that were written elsewhere take the pipeline's way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from app.chain.chain import Chain
from app.chain.instance import Instance
from app.chain.placeholders import MASK
from app.checking import ELSEWHERE, SIDE_BY_SIDE, Check, Checked, Checker
from app.errors import DeadlineExceeded, FilterFailed, Overloaded, RecorderFull
from app.exchange import Exchange, Message, Mode, Outcome
from filters import Filter, Finding, Item, Options, Passage, Placeholders, Range, Stage
from tests.app.chain.sample_filters import Broken, Hanging, WordOptions, instance
from tests.app.pipelines import INPUT, word
from tests.app.scripted import KeptRecords

OUTPUT = Stage.OUTPUT


def exchange(*texts: str, passages: Sequence[Passage] = ()) -> Exchange:
    messages = tuple(Message("user", text) for text in texts)
    return Exchange(messages=messages, model=ELSEWHERE, passages=tuple(passages))


def checker(
    *chain: Instance, records: KeptRecords | None = None, request_s: float = 5.0
) -> Checker:
    return Checker(Chain(chain), records or KeptRecords(), request_s)


def ids(checked: Checked) -> list[str]:
    return [verdict.id for verdict in checked.exchange.verdicts]


async def test_a_prompt_is_judged_by_the_input_filters_alone_and_recorded_once() -> None:
    records = KeptRecords()
    before = instance(word("bad", "***"), id="before", stage=INPUT, action="rewrite")
    judge = checker(before, instance(word("bad"), id="after"), records=records)

    checked = await judge.run(Check(exchange("One is bad.", "Two."), INPUT))

    assert checked.messages == ("One is ***.", "Two.")
    assert ids(checked) == ["before"]
    assert checked.exchange.outcome is Outcome.REWRITTEN
    assert (checked.exchange.model, checked.exchange.generated) == (ELSEWHERE, "")
    assert records.exchanges == [checked.exchange]


async def test_what_was_written_is_judged_by_the_output_filters_alone() -> None:
    before = instance(word("bad"), id="before", stage=INPUT)
    after = instance(word("evil", "***"), id="after", action="rewrite")
    judge = checker(before, after)

    checked = await judge.run(Check(exchange("Is it bad?"), OUTPUT, "It is evil."))

    assert ids(checked) == ["after"]
    assert (checked.exchange.generated, checked.exchange.completion) == (
        "It is evil.",
        "It is ***.",
    )
    assert [verdict.id for verdict in checked.found] == ["after"]


async def test_a_block_names_its_filter_and_leaves_no_prompt() -> None:
    judge = checker(instance(word("bad"), id="strict", stage=INPUT))

    checked = await judge.run(Check(exchange("This is bad."), INPUT))

    assert checked.blocked_by
    assert checked.blocked_by.id == "strict"
    assert (checked.messages, checked.exchange.outcome) == ((), Outcome.BLOCKED)


async def test_shadows_measure_and_count_for_nothing() -> None:
    judge = checker(instance(word("bad"), stage=INPUT, mode=Mode.SHADOW))

    checked = await judge.run(Check(exchange("This is bad."), INPUT))

    assert (ids(checked), checked.found) == (["words"], [])


async def test_only_the_chosen_instances_judge() -> None:
    first, second = (instance(word("bad"), id=name, stage=INPUT) for name in ("one", "two"))
    judge = checker(first, second)

    checked = await judge.run(Check(exchange("bad"), INPUT, instances=frozenset({"two"})))

    assert ids(checked) == ["two"]


async def test_the_filters_know_the_question_and_the_passages() -> None:
    seen: list[Item] = []

    class Witness(Filter):
        async def check(self, item: Item) -> Finding | None:
            seen.append(item)
            return None

    judge = checker(instance(Witness(Options())))
    passage = Passage("p", "Gates hold water.", "gates.md")
    asked = exchange("What do gates hold?", passages=[passage])

    await judge.run(Check(asked, OUTPUT, "Water."))

    [item] = seen
    assert (item.context.question, item.context.passages) == ("What do gates hold?", (passage,))


async def test_a_broken_filter_fails_closed_and_is_recorded() -> None:
    records = KeptRecords()
    judge = checker(instance(Broken(WordOptions()), id="frail", stage=INPUT), records=records)

    with pytest.raises(FilterFailed) as raised:
        await judge.run(Check(exchange("bad"), INPUT))

    assert raised.value.param == "frail"
    assert [kept.outcome for kept in records.exchanges] == [Outcome.FAILED]


async def test_nothing_is_judged_that_could_not_be_kept() -> None:
    judge = checker(records=KeptRecords(full=RecorderFull()))

    with pytest.raises(RecorderFull):
        await judge.run(Check(exchange("x"), INPUT))


async def test_a_check_has_the_requests_deadline() -> None:
    slow = instance(Hanging(WordOptions()), stage=INPUT, deadline_ms=60_000)

    with pytest.raises(DeadlineExceeded):
        await checker(slow, request_s=0.05).run(Check(exchange("bad"), INPUT))


class Crowd(Filter):
    """Counts how many texts it judges at once."""

    now = most = 0

    async def check(self, item: Item) -> Finding | None:
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(3):
            await asyncio.sleep(0)
        self.now -= 1
        return None


async def test_many_texts_keep_their_order_and_do_not_crowd() -> None:
    crowd = Crowd(Options())
    checks = [Check(exchange(str(number)), INPUT) for number in range(20)]

    checked = await checker(instance(crowd, stage=INPUT)).run_all(checks)

    assert [one.messages for one in checked] == [(str(number),) for number in range(20)]
    assert 1 < crowd.most <= SIDE_BY_SIDE


async def test_the_first_failure_ends_the_others() -> None:
    records = KeptRecords()
    frail = instance(Broken(WordOptions()), id="frail", stage=INPUT)
    hanging = instance(Hanging(WordOptions(word="wait")), stage=INPUT, deadline_ms=60_000)

    with pytest.raises(FilterFailed):
        await checker(hanging, frail, records=records).run_all(
            [Check(exchange("wait"), INPUT), Check(exchange("bad"), INPUT)]
        )

    assert sorted(kept.outcome for kept in records.exchanges) == ["cancelled", "failed"]


class Hiding(Filter):
    """Finds every `bad`, and lets no record show it."""

    options_model = Options
    placeholders = Placeholders()

    async def check(self, item: Item) -> Finding | None:
        at = item.text.find("bad")
        return None if at < 0 else Finding(1.0, "bad", (Range(at, at + 3, "BAD"),))


def hiding(stage: Stage) -> Instance:
    return instance(Hiding(Options()), id=f"hides-{stage}", stage=stage, action="rewrite")


async def test_a_record_shows_nothing_that_filters_beside_would_have_hidden() -> None:
    judge = checker(hiding(INPUT), hiding(OUTPUT), instance(word("evil"), id="after"))

    checked = await judge.run(
        Check(exchange("Is it bad?"), OUTPUT, "It is bad.", frozenset({"after"}))
    )

    kept = checked.exchange
    assert [message.content for message in kept.messages] == [MASK * len("Is it bad?")]
    assert kept.generated == kept.completion == MASK * len("It is bad.")
    assert kept.released == "It is bad."


async def test_instances_that_a_new_chain_does_not_have_are_not_passed_over() -> None:
    records = KeptRecords()
    judge = checker(instance(word("bad"), id="strict", stage=INPUT), records=records)

    with pytest.raises(Overloaded, match="read anew"):
        await judge.run(Check(exchange("Hello."), INPUT, instances=frozenset({"gone"})))
    assert records.exchanges == []


class Gate(Filter):
    """Judges nothing before it is opened."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.is_asked, self.is_open = asyncio.Event(), asyncio.Event()

    async def check(self, item: Item) -> Finding | None:
        self.is_asked.set()
        await self.is_open.wait()
        return Finding(1.0, "old")


async def test_a_chain_that_is_read_anew_leaves_a_request_to_the_one_it_began_with() -> None:
    gate = Gate(Options())
    chain = Chain([instance(gate, id="old", stage=INPUT, action="flag")])
    judge = Checker(chain, KeptRecords(), 5.0)
    checks = [
        Check(exchange(str(number)), INPUT, instances=frozenset({"old"})) for number in range(20)
    ]

    async with asyncio.TaskGroup() as group:
        asked = group.create_task(judge.run_all(checks))
        await gate.is_asked.wait()
        chain.replace(Chain([instance(word("bad"), id="new", stage=INPUT)]))
        closed_meanwhile = await chain.sweep()
        gate.is_open.set()

    assert closed_meanwhile == 0
    assert [ids(one) for one in asked.result()] == [["old"]] * 20
    assert await chain.sweep() == 1


async def test_a_chain_that_is_read_anew_before_the_first_text_begins_fails_nothing() -> None:
    chain = Chain([instance(word("bad"), id="old", stage=INPUT)])
    judge = Checker(chain, KeptRecords(), 5.0)
    asked = judge.run_all([Check(exchange("bad"), INPUT, instances=frozenset({"old"}))])

    running = asyncio.ensure_future(asked)
    asyncio.get_running_loop().call_soon(chain.replace, Chain([]))
    [checked] = await running

    assert ids(checked) == ["old"]


async def test_the_texts_of_all_requests_together_do_not_crowd() -> None:
    crowd = Crowd(Options())
    judge = Checker(Chain([instance(crowd, stage=INPUT)]), KeptRecords(), 5.0, at_once=3)
    requests = [[Check(exchange("x"), INPUT) for _ in range(5)] for _ in range(4)]

    await asyncio.gather(*(judge.run_all(checks) for checks in requests))

    assert 1 < crowd.most <= 3

"""What fails again and again is left alone for a while, and then tried again."""

from __future__ import annotations

import pytest

from app.chain.breaker import Breaker
from app.chain.chain import StageRun
from app.chain.instance import Instance
from app.exchange import Action
from app.settings import ChainEntry
from filters import Busy, Filter, Finding, Item, Options
from tests.app.chain.sample_filters import CONTEXT, Word, WordOptions


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_circuit_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(3, 10.0, Clock())

    assert [breaker.fail(), breaker.fail(), breaker.succeed()] == [False, False, False]
    assert [breaker.fail(), breaker.fail(), breaker.fail()] == [False, False, True]
    assert breaker.is_open
    assert not breaker.admit()


def test_after_the_pause_one_check_tries_and_decides() -> None:
    clock = Clock()
    breaker = Breaker(1, 10.0, clock)
    breaker.fail()
    clock.now += 10.0

    assert [breaker.admit(), breaker.admit()] == [True, False]
    assert not breaker.fail()  # it is open already
    assert not breaker.admit()
    clock.now += 10.0
    assert breaker.admit()
    assert breaker.succeed()
    assert [breaker.admit(), breaker.admit()] == [True, True]


def test_a_try_that_is_given_up_lets_another_one_try() -> None:
    clock = Clock()
    breaker = Breaker(1, 10.0, clock)
    breaker.fail()
    clock.now += 10.0

    assert breaker.admit()
    breaker.leave()
    assert breaker.admit()


class Flaky(Filter):
    """Fails with what it is given; otherwise works."""

    def __init__(self) -> None:
        super().__init__(Options())
        self.failure: Exception | None = RuntimeError("down")
        self.num_checks = 0

    async def check(self, item: Item) -> Finding | None:
        self.num_checks += 1
        if self.failure:
            raise self.failure
        return None


def placed(judge: Filter, **settings: object) -> Instance:
    entry = {"id": "flaky", "filter": "flaky", "stage": "output", "action": "block"}
    return Instance(ChainEntry.model_validate(entry | settings), judge)


async def errors(instance: Instance, times: int) -> list[str | None]:
    """Lead a text through the filter so many times; return the errors of its verdicts."""
    seen = []
    for _ in range(times):
        stage = StageRun([instance])
        await stage.text(CONTEXT).feed("A text.", last=True)
        seen.append(stage.verdicts[0].error)
    return seen


async def test_a_broken_filter_fails_at_once_and_closed_while_the_circuit_is_open() -> None:
    judge = Flaky()
    instance = placed(judge, breaker_failures=2)

    assert await errors(instance, 4) == ["raised", "raised", "circuit_open", "circuit_open"]
    assert (judge.num_checks, instance.is_circuit_open) == (2, True)
    run = StageRun([instance]).text(CONTEXT)
    assert (await run.feed("A text.", last=True), run.stopped) == ("", True)


async def test_it_works_again_once_a_try_has_worked() -> None:
    judge = Flaky()
    instance = placed(judge, breaker_failures=1, breaker_pause_s=1e-9)

    assert await errors(instance, 2) == ["raised", "raised"]
    judge.failure = None
    assert await errors(instance, 3) == [None, None, None]
    assert not instance.is_circuit_open


@pytest.mark.parametrize("policy", [{"on_error": "open"}, {"breaker_failures": 0}])
async def test_what_is_open_is_not_switched_off_for_others_unless_that_is_wanted(
    policy: dict[str, object],
) -> None:
    judge = Flaky()

    assert await errors(placed(judge, **policy), 20) == ["raised"] * 20


@pytest.mark.parametrize(
    ("on_error", "on_timeout", "released"),
    [
        ("open", "open", "A text."),
        ("open", "closed", ""),
        ("closed", "open", ""),
    ],
)
async def test_an_open_circuit_lets_text_pass_only_where_every_failure_does(
    on_error: str, on_timeout: str, released: str
) -> None:
    instance = placed(Flaky(), on_error=on_error, on_timeout=on_timeout, breaker_failures=1)
    await errors(instance, 1)
    stage = StageRun([instance])

    assert await stage.text(CONTEXT).feed("A text.", last=True) == released
    assert (stage.verdicts[0].action, stage.verdicts[0].error) == (Action.ERROR, "circuit_open")


async def test_an_overload_and_a_finding_say_nothing_against_the_filter() -> None:
    judge = Flaky()
    judge.failure = Busy()

    assert await errors(placed(judge, breaker_failures=1), 3) == ["overloaded"] * 3
    assert await errors(placed(Word(WordOptions(word="text")), breaker_failures=1), 3) == [None] * 3

"""F16 to F19 and F21: filters that raise, hang, compute for ever, crash and grow."""

from __future__ import annotations

import asyncio

import psutil
import pytest

from app.chain.chain import Chain
from app.chain.isolation.isolated import MOST_WAITING
from app.chain.registry import filter_class
from app.chain.side_by_side import MOST as SIDE_BY_SIDE
from app.errors import FilterError
from app.exchange import Action
from app.settings import LimitSettings
from tests.faults.chains import Came, lead, opened, placed
from tests.faults.faulty_filters import Faulty, FaultyElsewhere
from tests.http import PATIENCE_S, until

pytestmark = pytest.mark.fault

PLACES = pytest.mark.parametrize("cls", [Faulty, FaultyElsewhere])
PATIENT_MS = 60_000.0


def is_closed(came: Came, kind: str) -> bool:
    """Nothing was released, the client gets an error, and nothing is said about the text."""
    verdict = (came.verdict.action, came.verdict.error, came.verdict.score)
    return (came.released, came.failure, *verdict) == (
        *("", "filter_failed"),
        *(Action.ERROR, kind, 0.0),
    )


def processes() -> list[psutil.Process]:
    """Return the processes of filters."""
    return [one for one in psutil.Process().children(recursive=True) if _is_a_filters(one)]


def _is_a_filters(process: psutil.Process) -> bool:
    try:
        return "app.chain.isolation" in " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return False


def has_ended(process: psutil.Process) -> bool:
    """Whether a process does nothing more, even if nobody has noticed yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@PLACES
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("RAISES", "raised"),
        ("EXITS", "raised"),
        ("STRING", "invalid"),
        ("BOOL", "invalid"),
    ],
)
async def test_f16_what_raises_or_returns_nonsense_lets_nothing_pass(
    cls: type[Faulty], text: str, kind: str
) -> None:
    async with opened(placed(cls, deadline_ms=PATIENT_MS)) as chain:
        assert is_closed(await lead(chain, text), kind)
        fine, evil = await lead(chain, "Fine."), await lead(chain, "So evil.")
    async with opened(placed(cls, deadline_ms=PATIENT_MS, on_error="open")) as chain:
        through = await lead(chain, text)

    assert (fine.released, fine.verdict.action) == ("Fine.", Action.ALLOW)
    assert (evil.released, evil.verdict.action) == ("", Action.BLOCK)
    assert (through.released, through.verdict.action) == (text, Action.ERROR)


@PLACES
async def test_f17_what_hangs_is_given_up_at_its_deadline(cls: type[Faulty]) -> None:
    async with opened(placed(cls, deadline_ms=300.0)) as chain:
        came = await lead(chain, "HANGS")
        assert is_closed(came, "timeout")
        assert came.verdict.duration_ms > 250.0  # what it cost is recorded, too
    async with opened(placed(cls, deadline_ms=300.0, on_timeout="open")) as chain:
        assert (await lead(chain, "HANGS")).released == "HANGS"


@pytest.mark.parametrize("text", ["SLEEPS", "HOLDS"])
async def test_f18_what_computes_for_ever_stops_nobody_else_and_is_killed(text: str) -> None:
    stuck = placed(FaultyElsewhere, deadline_ms=PATIENT_MS, processes=2)
    async with opened(stuck) as chain:
        async with asyncio.TaskGroup() as group:
            hanging = group.create_task(lead(chain, text))
            beside = [await lead(chain, f"Text {n}.") for n in range(20)]
            assert not hanging.done()
            hanging.cancel()
        assert [came.released for came in beside] == [f"Text {n}." for n in range(20)]

    assert processes() == []


async def test_f18_after_its_deadline_a_new_process_takes_over() -> None:
    async with opened(placed(FaultyElsewhere, deadline_ms=500.0, breaker_failures=0)) as chain:
        (before,) = processes()
        assert is_closed(await lead(chain, "HOLDS"), "timeout")
        came = await lead_again(chain, "So evil.")
        (after,) = processes()

    assert (came.verdict.action, came.verdict.label) == (Action.BLOCK, str(after.pid))
    assert before.pid != after.pid


async def test_f18_what_nobody_waits_for_any_more_may_end() -> None:
    """A client that leaves costs no process, and what it left behind is not begun."""
    async with opened(placed(FaultyElsewhere, deadline_ms=PATIENT_MS)) as chain:
        async with asyncio.TaskGroup() as group:
            leaving = [group.create_task(lead(chain, f"Text {n}.")) for n in range(10)]
            await asyncio.sleep(0)
            for task in leaving:
                task.cancel()
        came = await lead(chain, "So evil.")

        assert came.verdict.action is Action.BLOCK
        assert chain.instances[0].restarts == 0


@pytest.mark.parametrize("text", ["SEGFAULTS", "ENDS", "DEVOURS"])
async def test_f19_f21_a_crash_is_one_verdict_and_the_next_text_is_judged(text: str) -> None:
    settings = {"deadline_ms": PATIENT_MS, "memory_bytes": 100_000_000}
    async with opened(placed(FaultyElsewhere, **settings)) as chain:
        assert is_closed(await lead(chain, text), "crashed")
        came = await lead(chain, "So evil.")

        assert came.verdict.action is Action.BLOCK
        assert chain.instances[0].restarts == 1
    assert processes() == []


async def test_f19_a_filter_that_ends_the_program_ends_nothing() -> None:
    async with opened(placed(FaultyElsewhere, deadline_ms=PATIENT_MS)) as chain:
        assert is_closed(await lead(chain, "EXITS"), "raised")
        assert (await lead(chain, "So evil.")).verdict.action is Action.BLOCK
        assert chain.instances[0].restarts == 0


@pytest.mark.parametrize("ends", ["in order", "by a crash", "at its deadline"])
async def test_f19_what_a_filter_forked_ends_with_it(ends: str) -> None:
    async with opened(placed(FaultyElsewhere, deadline_ms=2_000.0)) as chain:
        child = psutil.Process(int((await lead(chain, "MULTIPLIES")).verdict.label))
        assert child.is_running()
        if ends == "by a crash":
            assert is_closed(await lead(chain, "ENDS"), "crashed")
            assert (await lead_again(chain, "So evil.")).verdict.action is Action.BLOCK
        if ends == "at its deadline":
            assert is_closed(await lead(chain, "SLEEPS"), "timeout")
            assert (await lead_again(chain, "So evil.")).verdict.action is Action.BLOCK

    await until(lambda: has_ended(child))


@pytest.mark.parametrize("text", ["SPLITS", "TALKS"])
async def test_f19_no_text_gets_the_answer_to_another_one(text: str) -> None:
    async with opened(placed(FaultyElsewhere, deadline_ms=PATIENT_MS)) as chain:
        await lead(chain, text)
        came = [await lead(chain, one) for one in ("So evil.", "Fine.") * 10]
        again = await lead_again(chain, "So evil.")

    for evil, fine in zip(came[::2], came[1::2], strict=True):
        assert evil.released == ""
        assert fine.verdict.action in (Action.ALLOW, Action.ERROR)
    assert again.verdict.action is Action.BLOCK


async def test_f19_an_idle_process_that_dies_is_replaced() -> None:
    async with opened(placed(FaultyElsewhere, deadline_ms=PATIENT_MS)) as chain:
        (process,) = processes()
        process.kill()
        await until(lambda: chain.instances[0].restarts == 1)

        assert (await lead(chain, "So evil.")).verdict.action is Action.BLOCK


async def test_f21_what_grows_is_started_anew_and_no_text_is_lost() -> None:
    settings = {"deadline_ms": PATIENT_MS, "memory_bytes": 20_000_000}
    async with opened(placed(FaultyElsewhere, **settings)) as chain:
        sizes = []
        for _ in range(60):
            came = await lead(chain, "EATS")
            assert (came.released, came.verdict.action) == ("EATS", Action.ALLOW)
            sizes += [process.memory_info().rss for process in processes()]

        assert chain.instances[0].restarts in range(3, 7)
    assert max(sizes) < min(sizes) + 30_000_000


@pytest.mark.parametrize(
    ("setup", "why"),
    [
        ("fails", "no such list"),
        ("crashes", "status 3"),
        ("wants", "has no embedder: models .* Take isolation away"),
    ],
)
async def test_an_isolated_filter_that_cannot_be_set_up_stops_the_start(
    setup: str, why: str
) -> None:
    with pytest.raises(FilterError, match=f"'faulty': it cannot be set up: .*{why}"):
        async with opened(placed(FaultyElsewhere, options={"setup": setup}, processes=2)):
            pass
    assert processes() == []


@pytest.mark.parametrize(
    ("filter", "options", "wanted"),
    [
        ("toxicity", {}, "classifier"),
        ("pii", {"names": "names"}, "token_classifier"),
        ("retrieval", {}, "retriever"),
        ("relevance", {}, "embedder"),
    ],
)
async def test_a_filter_that_uses_models_cannot_be_isolated(
    filter: str, options: dict[str, str], wanted: str
) -> None:
    cls = filter_class(filter)
    stage = min(cls.stages)
    isolated = placed(cls, isolation="process", options=options, stage=stage)
    with pytest.raises(FilterError, match=f"has no {wanted}: .* Take isolation away"):
        async with opened(isolated):
            pass
    assert processes() == []


async def test_the_operator_may_isolate_any_filter() -> None:
    async with opened(placed(Faulty, isolation="process", deadline_ms=PATIENT_MS)) as chain:
        assert is_closed(await lead(chain, "ENDS"), "crashed")


async def test_too_many_waiting_texts_are_an_overload() -> None:
    stuck = placed(FaultyElsewhere, deadline_ms=5_000.0)
    async with opened(stuck) as chain, asyncio.TaskGroup() as group:
        hanging = [group.create_task(lead(chain, "HANGS")) for _ in range(MOST_WAITING + 2)]
        await until(lambda: any(task.done() for task in hanging))
        came = await next(task for task in hanging if task.done())
        for task in hanging:
            task.cancel()

    assert (came.failure, came.verdict.error) == ("engine_busy", "overloaded")


async def test_all_that_requests_have_in_work_at_once_may_wait() -> None:
    sentences = " ".join(f"Sentence {number}." for number in range(SIDE_BY_SIDE))
    at_once = LimitSettings().concurrent_requests
    async with opened(placed(FaultyElsewhere, deadline_ms=PATIENT_MS)) as chain:
        came = await asyncio.gather(*(lead(chain, sentences) for _ in range(at_once)))

    assert {one.released for one in came} == {sentences}


async def lead_again(chain: Chain, text: str) -> Came:
    """Lead a text until a process is there to judge it."""
    async with asyncio.timeout(PATIENCE_S):
        while (came := await lead(chain, text)).verdict.action is Action.ERROR:
            pass
    return came

"""Filters have threads of their own: bounded, and apart from everybody else's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path

import pytest

from filters import Busy, Context, Item, Passage, Stage, in_thread
from filters._threads import Threads
from filters.grounding import LONG_PASSAGES, Grounding, GroundingOptions
from filters.keyword import LONG_TEXT, Keyword, KeywordOptions
from tests.bundles import write_classifier
from tests.filters.bundled import bundled

NAME: ContextVar[str] = ContextVar("NAME", default="nobody")


@pytest.fixture
async def _others_hang() -> AsyncGenerator[None]:
    """Occupy the threads that `asyncio.to_thread` takes."""
    release = threading.Event()
    with ThreadPoolExecutor(1) as default:
        asyncio.get_running_loop().set_default_executor(default)
        default.submit(release.wait)
        yield
        release.set()


async def test_a_call_keeps_its_result_its_context_and_its_error() -> None:
    NAME.set("somebody")

    assert (await in_thread(threading.current_thread)).name.startswith("filters-")
    assert await in_thread(NAME.get) == "somebody"
    assert await in_thread(int, "11", base=2) == 3
    with pytest.raises(ValueError, match="invalid literal"):
        await in_thread(int, "x")


def test_more_than_the_queue_holds_is_refused_and_what_was_cancelled_is_never_made() -> None:
    threads, release, made = Threads(1, 2), threading.Event(), []
    begun = threading.Event()

    def hang() -> None:
        begun.set()
        release.wait()

    hanging = threads.submit(hang)
    begun.wait()
    cancelled, waiting = threads.submit(lambda: made.append(1)), threads.submit(lambda: 2)
    with pytest.raises(Busy):
        threads.submit(lambda: 3)
    cancelled.cancel()
    release.set()

    assert waiting.result(timeout=10) == 2
    assert hanging.done()
    assert made == []


@pytest.mark.usefixtures("_others_hang")
async def test_keyword_needs_nobody_elses_thread() -> None:
    text = "harmless words " * (LONG_TEXT // 10) + "evil"
    judge = Keyword(KeywordOptions(words=("evil",), unit="document"))

    async with asyncio.timeout(20):
        finding = await judge.check(Item(text, Context(Stage.INPUT, text)))

    assert finding is not None


async def test_grounding_needs_nobody_elses_thread(tmp_path: Path) -> None:
    write_classifier(tmp_path, {"supported": ["gate"]}, name="grounding")
    passage = Passage("p", "The gate holds water. " * (LONG_PASSAGES // 20), "a.md")
    names: list[str] = []

    class Watched(Grounding):
        def _read(self, text: str, context: Context):  # type: ignore[no-untyped-def]
            names.append(threading.current_thread().name)
            return super()._read(text, context)

    async with bundled(tmp_path) as resources:
        judge = Watched(GroundingOptions())
        await judge.setup(resources)
        await judge.check(Item("The gate holds water.", Context(Stage.OUTPUT, "", (passage,))))

    assert [name.partition("-")[0] for name in names] == ["filters"]

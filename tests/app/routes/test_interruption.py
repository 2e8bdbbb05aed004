from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message

from app.errors import DeadlineExceeded, ModelFailed, PenstockError, ShuttingDown
from app.routes.draining import Drain
from app.routes.interruption import ClientGone, until_interrupted


class Client:
    """What the server hears of a client."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}


class Work:
    """Work that goes on until somebody lets it end, and then cleans up."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let_end = asyncio.Event()
        self.steps: list[str] = []

    async def run(self) -> str:
        self.begun.set()
        try:
            await self.let_end.wait()
        except asyncio.CancelledError:
            self.steps.append("cancelled")
            raise
        finally:
            await asyncio.sleep(0)
            self.steps.append("cleaned up")
        return "result"


async def no_tasks_left() -> None:
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_result_comes_back() -> None:
    work = Work()
    work.let_end.set()

    assert await until_interrupted(Client().receive, Drain(), work.run()) == "result"
    await no_tasks_left()


async def test_an_error_comes_as_it_was_raised() -> None:
    async def fail() -> None:
        raise ModelFailed("broken")

    with pytest.raises(ModelFailed, match="broken"):
        await until_interrupted(Client().receive, Drain(), fail())


async def test_work_stops_when_the_client_goes() -> None:
    client, work = Client(), Work()

    async def leave() -> None:
        await work.begun.wait()
        client.gone.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(leave())
        with pytest.raises(ClientGone):
            await until_interrupted(client.receive, Drain(), work.run())

    assert work.steps == ["cancelled", "cleaned up"]
    await no_tasks_left()


async def test_work_stops_at_the_cut() -> None:
    drain, work = Drain(), Work()

    async def cut() -> None:
        await work.begun.wait()
        drain.cut()
        drain.cut()

    async with asyncio.TaskGroup() as group:
        group.create_task(cut())
        with pytest.raises(ShuttingDown):
            await until_interrupted(Client().receive, drain, work.run())

    assert work.steps == ["cancelled", "cleaned up"]


async def test_work_stops_when_its_time_is_over() -> None:
    work, reasons = Work(), list[PenstockError]()

    with pytest.raises(DeadlineExceeded):
        await until_interrupted(Client().receive, Drain(), work.run(), 0.01, reasons.append)

    assert work.steps == ["cancelled", "cleaned up"]
    assert [reason.code for reason in reasons] == ["deadline_exceeded"]


async def test_who_leaves_is_no_reason_of_the_servers() -> None:
    client, work, reasons = Client(), Work(), list[PenstockError]()
    client.gone.set()

    with pytest.raises(ClientGone):
        await until_interrupted(client.receive, Drain(), work.run(), 60.0, reasons.append)

    assert reasons == []
    await no_tasks_left()


async def test_a_generator_is_closed_in_its_own_task() -> None:
    client = Client()
    tasks = []

    async def pieces() -> AsyncGenerator[str, None]:
        try:
            async with asyncio.timeout(60):
                tasks.append(asyncio.current_task())
                client.gone.set()
                yield "one"
                await asyncio.Event().wait()
        finally:
            tasks.append(asyncio.current_task())

    async def read() -> None:
        async for _ in pieces():
            pass

    with pytest.raises(ClientGone):
        await until_interrupted(client.receive, Drain(), read())

    assert tasks == [asyncio.current_task()] * 2


async def test_work_that_begins_after_the_cut_is_stopped_at_its_first_pause() -> None:
    drain, work = Drain(), Work()
    drain.cut()

    with pytest.raises(ShuttingDown):
        await until_interrupted(Client().receive, drain, work.run())

    assert work.steps == ["cancelled", "cleaned up"]


async def test_a_timeout_of_the_work_is_its_own() -> None:
    async def slow() -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await until_interrupted(Client().receive, Drain(), slow())


async def test_cancelling_the_request_cancels_the_work() -> None:
    work = Work()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(until_interrupted(Client().receive, Drain(), work.run()))
        await work.begun.wait()
        task.cancel()

    assert task.cancelled()
    assert work.steps == ["cancelled", "cleaned up"]

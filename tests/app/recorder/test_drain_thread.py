"""The drainer's thread goes on whatever happens, stops when told, and says so when it dies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.errors import DatabaseError
from app.exchange import Exchange
from app.recorder import OpenStore, Store, drain_thread
from app.recorder.codec import encode
from app.recorder.dead_letters import DeadLetters
from app.recorder.drain_thread import DrainThread
from app.recorder.drainer import Drainer
from app.recorder.segment import Segment, frame
from app.recorder.spool import Spool
from app.recorder.watermark import Watermark
from tests.exchanges import make_exchange
from tests.recording import eventually

RECORD = frame(encode(make_exchange()))


class MemoryStore:
    """Keeps what it is given, unless told to fail or to hang."""

    def __init__(self) -> None:
        self.rows: list[Exchange] = []
        self.errors: list[BaseException] = []
        self.hangs = False

    async def insert(self, exchanges: Sequence[Exchange]) -> int:
        if self.errors:
            raise self.errors.pop(0)
        if self.hangs:
            await asyncio.Event().wait()
        self.rows += exchanges
        return len(exchanges)

    async def quarantine(self, record: bytes, reason: str) -> None:
        raise AssertionError

    def opener(self, *errors: Exception) -> OpenStore:
        """Return what opens this store, after it has failed with each of the errors."""
        left = [*errors]

        @asynccontextmanager
        async def open_store() -> AsyncGenerator[Store]:
            if left:
                raise left.pop(0)
            yield self

        return open_store


class Running:
    """A drain thread over a spool and a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool(folder, 100_000)
        self.spool.open()
        self.mark = Watermark()
        self.store = MemoryStore()
        self.thread: DrainThread

    def start(self, *errors: Exception) -> None:
        drainer = Drainer(self.spool, DeadLetters(Path()), self.mark, batch_rows=10)
        self.thread = DrainThread(drainer, self.spool, self.store.opener(*errors), 0.0)
        self.thread.start()

    def write(self) -> int:
        position = self.spool.append(RECORD)
        self.thread.nudge()
        return position


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Running]:
    monkeypatch.setattr(drain_thread, "BACK_OFF_S", (0.001, 0.01))
    made = Running(tmp_path)
    yield made
    made.thread.close(0.0)
    made.spool.close()


async def test_each_record_is_drained_soon_after_it_was_written(running: Running) -> None:
    running.start()

    for count in range(1, 20):
        await running.mark.reach(running.write())
        assert len(running.store.rows) == count


async def test_goes_on_after_every_error(running: Running) -> None:
    running.start(DatabaseError(), OSError(), KeyError(), TimeoutError())
    running.store.errors = [ConnectionResetError(), TimeoutError(), OSError()]

    await running.mark.reach(running.write())

    assert running.thread.is_alive
    assert len(running.store.rows) == 1


async def test_a_thread_that_dies_says_so(running: Running) -> None:
    running.start()
    running.store.errors = [SystemExit()]
    running.write()

    running.thread._thread.join(10)

    assert not running.thread.is_alive
    running.write()  # is kept for the next process, and does not raise


async def test_adopts_while_it_runs(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain_thread, "ADOPT_EVERY_S", 0.01)
    running.start()
    await running.mark.reach(running.write())

    left = Segment.create(running.spool._folder)
    left.append(RECORD)
    left.release()

    await eventually(lambda: not left.path.exists())
    assert len(running.store.rows) == 2


async def test_closing_drains_what_is_pending(running: Running) -> None:
    running.start(*[OSError()] * 3)
    for _ in range(25):
        running.write()

    running.thread.close(30.0)

    assert not running.thread.is_alive
    assert len(running.store.rows) == 25


async def test_closing_ends_also_if_postgres_hangs(running: Running) -> None:
    running.store.hangs = True
    running.start()
    running.write()
    started = time.monotonic()

    running.thread.close(0.05)

    assert not running.thread.is_alive
    assert time.monotonic() - started < drain_thread.STOP_S
    assert running.spool.pending_bytes == len(RECORD)

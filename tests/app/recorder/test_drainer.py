"""Whatever is in a segment, each record ends in one place: the log, or the quarantine."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from app.errors import Unavailable, Unstorable
from app.exchange import Exchange, Usage
from app.recorder import drainer as drainer_module
from app.recorder.codec import encode
from app.recorder.dead_letters import DeadLetters
from app.recorder.drainer import Drainer
from app.recorder.segment import Segment, frame
from app.recorder.spool import Spool
from app.recorder.watermark import Watermark
from app.store.database import Database
from app.store.exchanges import ExchangeStore
from tests.exchanges import make_exchange

POISON = Usage(prompt_tokens=2**70)


class Draining:
    """A drainer over a spool of its own."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.database = database
        self.spool = Spool(folder, 100_000)
        self.spool.open()
        self.letters = DeadLetters(folder)
        self.mark = Watermark()
        self.drainer = Drainer(self.spool, self.letters, self.mark, batch_rows=4)
        self.store = ExchangeStore(database)

    def write(self, *exchanges: Exchange) -> None:
        for exchange in exchanges:
            self.spool.append(frame(encode(exchange)))

    async def stored(self) -> list[UUID]:
        return await self._column("SELECT id FROM exchange ORDER BY id")

    async def quarantined(self) -> list[tuple[str, bytes]]:
        async with self.database.begin() as connection:
            rows = await connection.execute(text("SELECT reason, record FROM dead_letter"))
            return sorted((reason, record) for reason, record in rows)

    async def _column(self, query: str) -> list[UUID]:
        async with self.database.begin() as connection:
            return list(await connection.scalars(text(query)))


@pytest.fixture
def draining(tmp_path: Path, database: Database) -> Generator[Draining]:
    made = Draining(tmp_path, database)
    yield made
    made.spool.close()


def make_many(count: int) -> list[Exchange]:
    return [make_exchange(f"question {n}") for n in range(count)]


def ids(exchanges: Sequence[Exchange]) -> list[UUID]:
    return sorted(exchange.id for exchange in exchanges)


async def test_all_that_is_pending_is_stored_as_it_was(draining: Draining) -> None:
    written = make_many(10)
    written[3].messages = make_exchange("NUL \0, lone \ud800, pair \U0001f600").messages
    draining.write(*written)

    await draining.drainer.drain(draining.store)

    assert await draining.stored() == ids(written)
    assert await draining.store.get(written[3].id) == written[3]
    assert draining.drainer.drained_total == 10
    assert draining.spool.pending_bytes == 0
    await draining.mark.reach(draining.spool.written)


async def test_what_was_stored_before_a_crash_is_stored_once(draining: Draining) -> None:
    written = make_many(6)
    await draining.store.insert(written[:3])
    draining.write(*written, *written)

    await draining.drainer.drain(draining.store)

    assert await draining.stored() == ids(written)


@pytest.mark.parametrize("places", [{0}, {5}, {3, 4}, {0, 1, 2, 3}, set(range(9))], ids=str)
async def test_only_poison_is_set_aside(draining: Draining, places: set[int]) -> None:
    written = make_many(9)
    for place in places:
        written[place].usage = POISON
    draining.write(*written)

    await draining.drainer.drain(draining.store)

    poison = [encode(written[place]) for place in places]
    assert await draining.stored() == ids([e for e in written if e.usage != POISON])
    quarantined = await draining.quarantined()
    assert sorted(record for _, record in quarantined) == sorted(poison)
    assert draining.drainer.quarantined_total == len(places)
    assert draining.spool.pending_bytes == 0
    assert all("question" not in reason for reason, _ in quarantined)


async def test_torn_garbled_and_foreign_records_are_set_aside(draining: Draining) -> None:
    good = make_many(3)
    records = [frame(encode(exchange)) for exchange in good]
    garbled = records[0].replace(b"turbine", b"turbulent")
    left = Segment.create(draining.folder)
    left.append(records[1] + garbled + records[2] + frame(b'{"v":1}') + records[0][:50])
    left.release()
    draining.spool.adopt()

    await draining.drainer.drain(draining.store)

    assert await draining.stored() == ids(good[1:])
    assert await draining.quarantined() == [
        ("garbled", garbled),
        ("torn", records[0][:50]),
        ("undecodable", b'{"v":1}'),
    ]
    assert not left.path.exists()


class Refusing(ExchangeStore):
    """A store that refuses to quarantine."""

    async def quarantine(self, record: bytes, reason: str) -> None:
        raise Unstorable


async def test_what_not_even_the_quarantine_takes_becomes_a_file(draining: Draining) -> None:
    written = make_many(3)
    written[1].usage = POISON
    draining.write(*written)

    await draining.drainer.drain(Refusing(draining.database))

    (letter,) = draining.folder.glob("*.dead")
    assert letter.read_bytes() == encode(written[1])
    assert await draining.stored() == ids([written[0], written[2]])
    assert draining.drainer.quarantined_total == 1


class Failing(ExchangeStore):
    """A store that is down, or broken, from its n-th call on."""

    def __init__(self, database: Database, fails_from: int, error: Exception) -> None:
        super().__init__(database)
        self.calls = 0
        self.fails_from = fails_from
        self.error = error

    async def insert(self, exchanges: Sequence[Exchange]) -> int:
        self._count()
        return await super().insert(exchanges)

    async def quarantine(self, record: bytes, reason: str) -> None:
        self._count()
        await super().quarantine(record, reason)

    def _count(self) -> None:
        self.calls += 1
        if self.calls >= self.fails_from:
            raise self.error


@pytest.mark.parametrize("fails_from", range(1, 9))
@pytest.mark.parametrize("error", [Unavailable(), ConnectionRefusedError(), TimeoutError()])
async def test_nothing_is_lost_or_set_aside_twice_wherever_postgres_goes_down(
    draining: Draining, fails_from: int, error: Exception
) -> None:
    written = make_many(9)
    written[2].usage = POISON
    draining.write(*written)
    failing = Failing(draining.database, fails_from, error)

    with pytest.raises(type(error)):
        await draining.drainer.drain(failing)
    pending = draining.spool.pending_bytes
    await draining.drainer.drain(draining.store)

    assert pending > 0
    assert await draining.stored() == ids([e for e in written if e.usage != POISON])
    assert draining.drainer.drained_total == 8
    assert draining.drainer.quarantined_total == 1


async def test_an_unknown_fault_is_tried_again_before_a_record_is_blamed(
    draining: Draining, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drainer_module, "RETRY_S", 0.0)
    written = make_many(1)
    draining.write(*written)
    broken = Failing(draining.database, 1, KeyError("text of the request"))
    broken.quarantine = draining.store.quarantine  # type: ignore[method-assign]

    await draining.drainer.drain(broken)

    assert broken.calls == drainer_module.ATTEMPTS
    assert await draining.quarantined() == [("KeyError", encode(written[0]))]


async def test_a_fault_of_everything_is_slowed_down(
    draining: Draining, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drainer_module, "POISON_IN_A_ROW", 2)
    monkeypatch.setattr(drainer_module, "POISON_PAUSE_S", 60.0)
    monkeypatch.setattr(drainer_module, "STORE_TIMEOUT_S", 5.0)
    written = make_many(4)
    for exchange in written:
        exchange.usage = POISON
    draining.write(*written)
    pauses: list[float] = []

    async def note(pause: float) -> None:
        pauses.append(pause)

    monkeypatch.setattr("app.recorder.drainer.asyncio.sleep", note)
    await draining.drainer.drain(draining.store)

    assert pauses.count(60.0) == 2
    assert draining.drainer.quarantined_total == 4


async def test_what_a_newer_server_wrote_is_left_to_it(draining: Draining) -> None:
    old = make_exchange()
    left = Segment.create(draining.folder)
    left.append(frame(encode(old)) + frame(b'{"v":999,"exchange":{}}'))
    left.release()
    draining.spool.adopt()

    await draining.drainer.drain(draining.store)

    assert left.path.exists()
    assert await draining.quarantined() == []
    assert draining.spool.pending_bytes == 0


async def test_a_segment_that_somebody_cut_does_not_stop_the_log(draining: Draining) -> None:
    written = make_many(3)
    draining.write(*written)
    (path,) = draining.folder.glob("*.seg")
    with path.open("r+b") as file:
        file.truncate(len(frame(encode(written[0]))))

    await draining.drainer.drain(draining.store)

    assert await draining.stored() == ids(written[:1])
    assert draining.spool.pending_bytes == 0

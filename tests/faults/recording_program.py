"""Records without end, and says which exchanges it may answer: after `record`, not before.

python -m tests.faults.recording_program FOLDER DATABASE_URL

Each line is an id and the digest of its exchange.
"""

from __future__ import annotations

import asyncio
import os
import sys
from hashlib import sha256
from pathlib import Path

import structlog

from app.recorder import Recorder
from app.recorder.codec import encode
from tests.exchanges import make_exchange
from tests.recording import opener, small_settings

CLIENTS = 8
PACE_S = 0.04


async def answer(recorder: Recorder, client: int) -> None:
    """Record one exchange after the other."""
    number = 0
    while True:
        number += 1
        exchange = make_exchange(f"client {client}, question {number}, NUL \0, lone \ud800")
        await recorder.record(exchange)
        line = f"{exchange.id} {sha256(encode(exchange)).hexdigest()}\n"
        os.write(sys.stdout.fileno(), line.encode("ascii"))
        await asyncio.sleep(PACE_S)


async def main(folder: Path, url: str) -> None:
    """Record as several clients at once."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = small_settings(segment_bytes=100_000, max_bytes=100_000_000)
    recorder = Recorder(folder, settings, opener(url))
    await recorder.start()
    async with asyncio.TaskGroup() as clients:
        for client in range(CLIENTS):
            clients.create_task(answer(recorder, client))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))

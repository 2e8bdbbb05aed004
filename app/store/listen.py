"""Hearing at once that something has changed, as long as the connection holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

from app.errors import Unavailable
from app.store.database import Database
from app.store.failures import DRIVER_ERRORS

CHECK_S = 20.0
"""How often a silent connection is asked whether it still lives."""
CHECK_TIMEOUT_S = 5.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0


async def listen(database: Database, channel: str) -> AsyncGenerator[None]:
    """Yield whenever the channel is notified, and whenever something may have been missed.

    It yields at once when it begins to listen, so what changed before is not missed. If the
    connection breaks it is opened again, for ever; several notifications may come as one.
    """
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            async for _ in _listen_once(database, channel):
                pause_s = FIRST_PAUSE_S
                yield
        except Unavailable:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


async def _listen_once(database: Database, channel: str) -> AsyncGenerator[None]:
    """Listen until the connection breaks.

    Raises:
        Unavailable: it broke, or there was none.
    """
    notified = asyncio.Event()
    notified.set()

    def hear(*_: Any) -> None:
        notified.set()

    connection = await database.open_connection()
    try:
        connection.add_termination_listener(hear)
        await connection.add_listener(channel, hear)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    await notified.wait()
            if not notified.is_set() or connection.is_closed():
                await connection.execute("SELECT 1", timeout=CHECK_TIMEOUT_S)
            elif notified.is_set():
                notified.clear()
                yield
    except DRIVER_ERRORS as error:
        raise Unavailable("The connection that listens to the database broke.") from error
    finally:
        connection.terminate()

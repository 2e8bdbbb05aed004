"""Bringing pieces from the engine's thread to the event loops that wait for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from app.engine import Delta
from app.engine.generation.sequence import Piece, Sequence
from app.errors import PenstockError


class Delivery:
    """Collects the pieces of one step: each event loop is woken once for all of them."""

    def __init__(self) -> None:
        self._collected: dict[asyncio.AbstractEventLoop | None, list[tuple[Sequence, Piece]]] = {}

    def add(self, sequence: Sequence, *pieces: Piece) -> None:
        """Send these with the next flush."""
        collected = self._collected.setdefault(_loop_of(sequence), [])
        collected += [(sequence, piece) for piece in pieces]

    def flush(self) -> None:
        """Send everything."""
        collected, self._collected = self._collected, {}
        for loop, pieces in collected.items():
            if loop is None:
                _hand_over(pieces)
                continue
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(_hand_over, pieces)


class Mailbox:
    """Where one request's pieces arrive on the event loop that made it."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[Piece] = asyncio.Queue()

    def __call__(self, piece: Piece) -> None:
        """Take a piece (event loop)."""
        self._pieces.put_nowait(piece)

    async def stream(self) -> AsyncGenerator[Delta, None]:
        """Yield the pieces until the last one; an error is raised."""
        while True:
            piece = await self._pieces.get()
            if isinstance(piece, PenstockError):
                raise piece
            yield piece
            if piece.finish_reason:
                return


def _loop_of(sequence: Sequence) -> asyncio.AbstractEventLoop | None:
    return sequence.receive.loop if isinstance(sequence.receive, Mailbox) else None


def _hand_over(pieces: list[tuple[Sequence, Piece]]) -> None:
    for sequence, piece in pieces:
        sequence.receive(piece)

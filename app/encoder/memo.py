"""What encoders have read already in one request, so that nothing is read twice.

Several filters often look at the same text with the same model: two instances of one filter, or
retrieval, relevance and topic, which all embed the question. Within one request the text is
tokenised once and goes through the graph once, also when both ask at the same moment.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import ContextVar

from app.encoder.calls import Row
from app.encoder.frames import Ids, Window

MOST_WINDOWS = 256
"""What was read longer ago is forgotten."""
MOST_TEXTS = 256
MOST_CHARS = 20_000
"""A longer text is tokenised anew: reading it takes a thousand times as long."""

Read = Callable[[Sequence[Window]], Awaitable[list[Row]]]


class Memo:
    """The windows and tokens of one request."""

    def __init__(self) -> None:
        self._rows: OrderedDict[Hashable, asyncio.Future[Row]] = OrderedDict()
        self._ids: OrderedDict[tuple[str, str], Ids] = OrderedDict()

    async def rows(self, reader: Hashable, windows: Sequence[Window], read: Read) -> list[Row]:
        """Return the windows' rows, reading only those that nobody has read or reads now.

        When another one's reading fails or is cancelled, its windows are read here after all.
        """
        keys: list[Hashable] = [
            (reader, window.ids.tobytes(), window.types.tobytes()) for window in windows
        ]
        promised = {key: self._rows[key] for key in keys if key in self._rows}
        own = {
            key: window for key, window in zip(keys, windows, strict=True) if key not in promised
        }
        found = await self._read(own, read) if own else {}
        if promised:
            await asyncio.wait(promised.values())
        late = {}
        for key, window in zip(keys, windows, strict=True):
            if key in promised and not _failed(promised[key]):
                found[key] = promised[key].result()
            elif key not in found:
                late[key] = window
        if late:
            found |= dict(zip(late, await read(list(late.values())), strict=True))
        return [found[key] for key in keys]

    def ids(self, tokenizer: str, text: str) -> Ids | None:
        """Return a text's tokens, if this tokenizer, named by its digest, has read it before."""
        return self._ids.get((tokenizer, text))

    def keep_ids(self, tokenizer: str, text: str, ids: Ids) -> None:
        """Keep a text's tokens."""
        if len(text) <= MOST_CHARS:
            self._ids[tokenizer, text] = ids
            while len(self._ids) > MOST_TEXTS:
                self._ids.popitem(last=False)

    async def _read(self, own: dict[Hashable, Window], read: Read) -> dict[Hashable, Row]:
        loop = asyncio.get_running_loop()
        promises: dict[Hashable, asyncio.Future[Row]] = {key: loop.create_future() for key in own}
        self._rows |= promises
        try:
            rows = dict(zip(own, await read(list(own.values())), strict=True))
        except BaseException:
            for key, promise in promises.items():
                promise.cancel()
                self._rows.pop(key, None)
            raise
        for key, row in rows.items():
            promises[key].set_result(row)
        while len(self._rows) > MOST_WINDOWS:
            self._rows.popitem(last=False)
        return rows


_current: ContextVar[Memo | None] = ContextVar("memo", default=None)


def begin_memo() -> None:
    """Remember what encoders read from here on in this task and in those that it starts."""
    _current.set(Memo())


def current_memo() -> Memo | None:
    """Return what remembers the readings of this request, if anything does."""
    return _current.get()


def _failed(promise: asyncio.Future[Row]) -> bool:
    return promise.cancelled() or promise.exception() is not None

"""Filters that do what the text tells them, in every way a filter can break."""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

from filters import Filter, Finding, Isolation, Item, Options, Range, Resources, Unit

_EATEN: list[bytearray] = []


class FaultyOptions(Options):
    """How it is set up."""

    setup: str = "works"
    """`fails`, `crashes` or `wants` (a resource of the server)."""


class Faulty(Filter):
    """Breaks as the text says, and else finds the word `evil`."""

    options_model = FaultyOptions
    options: FaultyOptions
    unit = Unit.sentence()

    async def setup(self, resources: Resources) -> None:
        if self.options.setup == "fails":
            raise ValueError("no such list")
        if self.options.setup == "crashes":
            os._exit(3)
        if self.options.setup == "wants":
            await resources.embedder()

    async def check(self, item: Item) -> Finding | None:
        for word, fault in FAULTS.items():
            if word in item.text:
                result: Any = fault()
                return await result if asyncio.iscoroutine(result) else result  # type: ignore[no-any-return]
        found = re.search("evil", item.text)
        if not found:
            return None
        return Finding(1.0, str(os.getpid()), (Range(*found.span(), "evil"),))


class FaultyElsewhere(Faulty):
    """The same in a process of its own."""

    isolation: ClassVar[Isolation] = "process"


def raises() -> None:
    raise ValueError("a secret of the text")


def exits() -> None:
    raise SystemExit


def hangs() -> Any:
    return asyncio.Event().wait()


def sleeps() -> None:
    time.sleep(1_000)


def holds_the_lock() -> int:
    """Compute in C for ever, and never let another thread of the interpreter run."""
    return sum(range(10**15))


def segfaults() -> None:
    ctypes.string_at(0)


def ends_the_process() -> None:
    os._exit(7)


def eats() -> Finding | None:
    """Keep a megabyte more with every item, and find nothing."""
    _EATEN.append(bytearray(b"x" * 1_000_000))
    return None


def devours() -> None:
    """Want everything at once."""
    _EATEN.append(bytearray(b"x" * 4_000_000_000))


def multiplies() -> Finding | None:
    """Leave a process behind, and tell its id."""
    child = os.fork()
    if not child:
        time.sleep(1_000)
    return Finding(1.0, str(child))


def splits() -> None:
    """Go on twice: two processes that would both answer."""
    os.fork()


def talks() -> None:
    """Say that nothing was found, and then again."""
    answer = b'{"finding": null, "resident_bytes": 1, "number": 1}'
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError), socket.socket(fileno=os.dup(int(name))) as connection:
            connection.send(len(answer).to_bytes(4, "big") + answer)


FAULTS: dict[str, Callable[[], Any]] = {
    "RAISES": raises,
    "EXITS": exits,
    "STRING": lambda: "bad",
    "BOOL": lambda: True,
    "HANGS": hangs,
    "SLEEPS": sleeps,
    "HOLDS": holds_the_lock,
    "SEGFAULTS": segfaults,
    "ENDS": ends_the_process,
    "EATS": eats,
    "DEVOURS": devours,
    "MULTIPLIES": multiplies,
    "SPLITS": splits,
    "TALKS": talks,
}

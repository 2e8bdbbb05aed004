"""Run a coroutine up to where it first waits, and on from there in the same task."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class Begun(Generic[Result]):
    """A coroutine that has run up to where it first waits; awaiting this runs the rest of it.

    So its caller knows whether it waits at all, and what never waits needs no deadline and nobody to
    go on beside it. It stays in the task that began it, as time limits inside of it demand.

    Raises:
        Exception: whatever the coroutine raises before it waits.
    """

    __slots__ = ("_coroutine", "_waits_for", "result", "waits")

    def __init__(self, coroutine: Coroutine[Any, Any, Result]) -> None:
        self._coroutine = coroutine
        self.waits = True
        try:
            self._waits_for = coroutine.send(None)
        except StopIteration as end:
            self.waits = False
            self.result: Result = end.value

    def __await__(self) -> Generator[Any, None, Result]:
        waits_for, coroutine = self._waits_for, self._coroutine
        while True:
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001  it is the coroutine's to handle
                thrown: BaseException | None = error
            else:
                thrown = None
            try:
                waits_for = coroutine.send(None) if thrown is None else coroutine.throw(thrown)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # the coroutine's result

"""The engines that requests reach by name, and how one takes another's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Self

import structlog

from app.engine import Engine
from app.errors import ModelNotFound

log = structlog.get_logger("penstock.engine")


class _Held:
    """An engine, and how many requests are using it."""

    __slots__ = ("engine", "num_leases")

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.num_leases = 0


class ServedEngines:
    """What each name means now; belongs to one event loop.

    A request leases an engine for as long as it needs it. An engine that no name means any more
    is retired: nobody new gets it, and `sweep` closes it after its last lease.
    """

    def __init__(self) -> None:
        self._named: dict[str, _Held] = {}
        self._retired: list[_Held] = []

    @classmethod
    def of(cls, engines: Mapping[str, Engine]) -> Self:
        """Serve these engines by these names."""
        served = cls()
        for name, engine in engines.items():
            served.put(name, engine)
        return served

    @contextmanager
    def lease(self, name: str) -> Iterator[Engine]:
        """Give the engine that a name means now; it is not closed before the context ends.

        Raises:
            ModelNotFound: no engine has this name.
        """
        held = self._named.get(name)
        if held is None:
            raise ModelNotFound(param="model")
        held.num_leases += 1
        try:
            yield held.engine
        finally:
            held.num_leases -= 1

    def put(self, name: str, engine: Engine) -> None:
        """Let a name mean an engine from now on, whatever it meant before."""
        known = (held for held in self._named.values() if held.engine is engine)
        before, self._named[name] = self._named.get(name), next(known, None) or _Held(engine)
        self._retire(before)

    def drop(self, name: str) -> None:
        """Let a name mean nothing; one that means nothing already stays so."""
        self._retire(self._named.pop(name, None))

    def get(self, name: str) -> Engine | None:
        """Return the engine that a name means, only to look at it: use a lease to use it."""
        held = self._named.get(name)
        return held.engine if held else None

    @property
    def names(self) -> list[str]:
        """Everything that a request may name."""
        return list(self._named)

    @property
    def engines(self) -> list[Engine]:
        """All engines that have a name, each once."""
        return list({id(held): held.engine for held in self._named.values()}.values())

    @property
    def num_retired(self) -> int:
        """Engines that have no name any more and are not closed yet."""
        return len(self._retired)

    def num_leases(self, engine: Engine) -> int:
        """How many requests are using an engine, retired or not."""
        everything = {id(held): held for held in (*self._named.values(), *self._retired)}
        return sum(held.num_leases for held in everything.values() if held.engine is engine)

    async def sweep(self) -> int:
        """Close the retired engines that no request uses; tell how many these were."""
        idle = [held for held in self._retired if not held.num_leases]
        self._retired = [held for held in self._retired if held.num_leases]
        for held in idle:
            await _close(held.engine)
        return len(idle)

    async def close(self) -> None:
        """Close every engine, used or not; the last ones first."""
        named = {id(held): held for held in self._named.values()}
        everything = [*named.values(), *self._retired]
        self._named, self._retired = {}, []
        for held in reversed(everything):
            await _close(held.engine)

    def _retire(self, held: _Held | None) -> None:
        if held is not None and held not in self._named.values():
            self._retired.append(held)


async def _close(engine: Engine) -> None:
    """Close an engine, whatever comes of it: the others must be closed as well."""
    try:
        await engine.close()
    except Exception:
        log.exception("engine_close_failed", model=engine.name, version=engine.version)

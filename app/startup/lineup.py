"""Which models are served, and following what operators want while the server serves.

What the settings name is always served; `loaded_model` names more. A name without a version
follows the alias `production`: the new engine is loaded beside the old one, passes its golden
check, takes the name over, and the old one is closed when its last request has ended. In the same
way a language model whose thread has died is replaced by itself, opened anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import structlog

from app.bundles import list_bundles
from app.engine import Engine, Task
from app.errors import ModelInUse, ModelNotLoaded, NotFound, StartupError, Unavailable
from app.routes.lineup import ModelState
from app.settings import Settings
from app.startup.models import LoadedModels
from app.store.aliases import PREVIOUS, PRODUCTION, AliasStore
from app.store.database import Database
from app.store.loaded import LoadedModelStore

log = structlog.get_logger(__name__)

FOLLOW_EVERY_S = 1.0
"""How often the aliases are read: a moved one is followed within this time and the loading's."""
TRY_AGAIN_S = 60.0
"""How long a bundle that could not be loaded, or died once more, is left alone, unless the alias
moves or an operator loads it."""


@dataclass(frozen=True, slots=True)
class _Failure:
    wanted: str
    why: str
    at: float


class ModelLineup:
    """The engines of one server by name (implements `app.routes.lineup.Lineup`).

    Args:
        settings: name the models that are always served.
        models: opens engines and holds those that are served.
        database: has the aliases and the names of further models.
        on_closed: called when old engines have been closed.
    """

    def __init__(
        self,
        settings: Settings,
        models: LoadedModels,
        database: Database,
        on_closed: Callable[[], object] = lambda: None,
    ) -> None:
        self._settings = settings
        self._models = models
        self._engines = models.engines
        self._aliases = AliasStore(database)
        self._loaded = LoadedModelStore(database)
        self._on_closed = on_closed
        self._own = tuple(dict.fromkeys((settings.model, *settings.models)))
        self._own_names = {reference.partition("@")[0] for reference in self._own}
        self._added: tuple[str, ...] = ()
        self._failures: dict[str, _Failure] = {}
        self._reopened: dict[str, float] = {}
        self._changing = asyncio.Lock()

    async def open(self) -> None:
        """Load what the settings name, then what operators have added.

        Raises:
            StartupError: a bundle of the settings is missing or damaged, or the runtime is.
        """
        for reference in self._own:
            engine = await self._models.engine(reference)
            self._serve(reference, engine)
            if self._engines.get(engine.name) is None:
                # `name` alone means the version named first.
                self._engines.put(engine.name, engine)
        with suppress(Unavailable):
            await self.follow()

    async def follow(self) -> None:
        """Take over what the aliases and the names of further models say by now.

        A bundle that cannot be loaded is logged, and what was served goes on being served. What
        has died is opened anew, also without the database.

        Raises:
            Unavailable: the database is down; everything stays as it is.
        """
        async with self._changing:
            await self._sweep()
            await self._reopen_dead()
            production = await self._aliases.current(PRODUCTION)
            self._take_names(await self._loaded.names())
            for name in self._followed():
                await self._bring(name, production.get(name))

    def states(self) -> list[ModelState]:
        """See `Lineup`."""
        return [self._state(name) for name in (*self._own, *self._added)]

    @property
    def failures(self) -> dict[str, float]:
        """1 for each name whose bundle could not be loaded."""
        return dict.fromkeys(self._failures, 1.0)

    async def load(self, name: str, version: str | None, by: str) -> None:
        """See `Lineup`."""
        if name in self._own_names and name not in self._own:
            raise ModelInUse("The server's settings pin this model's version.")
        async with self._changing:
            known = [e.version for e in list_bundles(self._settings.models_dir) if e.name == name]
            version = version or await self._aliases.get(name, PRODUCTION) or next(iter(known), "")
            if version not in known:
                raise NotFound("There is no such bundle in this server's models_dir.")
            await self._switch(name, version, by)
            if name not in self._own:
                await self._loaded.add(name, by)
                self._take_names([*self._added, name])

    async def unload(self, name: str, by: str) -> None:
        """See `Lineup`."""
        if name in self._own_names:
            raise ModelInUse
        async with self._changing:
            if not await self._loaded.remove(name):
                raise NotFound("No such model has been loaded.")
            self._take_names(other for other in self._added if other != name)
            log.info("model_unloaded", model=name, by=by)

    async def roll_back(self, name: str, by: str) -> None:
        """See `Lineup`."""
        if name not in self._followed():
            raise NotFound("No model of this name is served, or the settings pin its version.")
        async with self._changing:
            version = await self._aliases.get(name, PREVIOUS)
            if version is None:
                raise NotFound("This model had no other version in production before.")
            await self._switch(name, version, by)

    def _followed(self) -> list[str]:
        """Return the served names that follow their alias."""
        return [name for name in (*self._own, *self._added) if "@" not in name]

    async def _switch(self, name: str, version: str, by: str) -> None:
        """Load first, then move the alias: what cannot be loaded never gets into production."""
        try:
            engine = await self._open(f"{name}@{version}")
        except StartupError as error:
            raise ModelNotLoaded(error.message) from error
        try:
            await self._aliases.set(PRODUCTION, name, version, by)
        except BaseException:
            if engine not in self._engines.engines:
                await engine.close()
            raise
        self._serve(name, engine)

    async def _bring(self, name: str, version: str | None) -> None:
        """Let a name mean a version, if it does not yet; without one, whatever it means is right."""
        engine = self._engines.get(name)
        if engine and version in (None, engine.version):
            if engine.is_alive:
                self._failures.pop(name, None)
            return
        wanted = f"{name}@{version}" if version else name
        failure = self._failures.get(name)
        if failure and failure.wanted == wanted and monotonic() - failure.at < TRY_AGAIN_S:
            return
        try:
            self._serve(name, await self._open(wanted))
        except StartupError as error:
            self._failures[name] = _Failure(wanted, error.message, monotonic())
            serving = engine.version if engine else "nothing"
            log.error("model_not_loaded", model=wanted, serving=serving, error=error.message)  # noqa: TRY400  a traceback would say no more

    async def _reopen_dead(self) -> None:
        """Open language models anew whose threads have died; other models have none of their own."""
        for dead in self._engines.engines:
            if dead.is_alive or dead.task is not Task.TEXT_GENERATION:
                continue
            last = self._reopened.get(_reference(dead))
            if last is None or monotonic() - last >= TRY_AGAIN_S:
                self._reopened[_reference(dead)] = monotonic()
                await self._reopen(dead)

    async def _reopen(self, dead: Engine) -> None:
        reference = _reference(dead)
        names = [name for name in self._engines.names if self._engines.get(name) is dead]
        try:
            engine = await self._open(reference)
        except StartupError as error:
            failure = _Failure(reference, error.message, monotonic())
            known = {*self._own, *self._added}
            self._failures |= {name: failure for name in names if name in known}
            log.error("model_not_loaded", model=reference, serving="nothing", error=error.message)  # noqa: TRY400  a traceback would say no more
            return
        for name in names:
            self._engines.put(name, engine)
            self._failures.pop(name, None)
        log.warning("model_reopened", model=reference)

    async def _open(self, reference: str) -> Engine:
        try:
            return await self._models.engine(reference)
        except StartupError:
            raise
        except Exception as error:
            log.exception("model_broke_while_loading", model=reference)
            raise StartupError(f"{reference} broke while it was loaded; see the log.") from error

    def _serve(self, name: str, engine: Engine) -> None:
        """Let a name mean an engine; what it meant before goes, unless the settings pin it."""
        before = self._engines.get(name)
        self._failures.pop(name, None)
        if before is engine:
            return
        self._engines.put(name, engine)
        self._engines.put(_reference(engine), engine)
        if before and _reference(before) not in (*self._own, _reference(engine)):
            self._engines.drop(_reference(before))
        log.info(
            "model_served",
            model=name,
            version=engine.version,
            before=before.version if before else None,
        )

    def _take_names(self, names: Iterable[str]) -> None:
        """Serve these names besides those of the settings, and none that was added before."""
        added = tuple(sorted(set(names) - self._own_names))
        for name in set(self._added) - set(added):
            self._forget(name)
        self._added = added

    def _forget(self, name: str) -> None:
        engine = self._engines.get(name)
        self._failures.pop(name, None)
        self._engines.drop(name)
        if engine and _reference(engine) not in self._own:
            self._engines.drop(_reference(engine))

    async def _sweep(self) -> None:
        if await self._engines.sweep():
            self._on_closed()

    def _state(self, name: str) -> ModelState:
        engine, failure = self._engines.get(name), self._failures.get(name)
        return ModelState(
            name=name,
            version=engine.version if engine else "",
            task=engine.task if engine else None,
            in_settings=name in self._own,
            num_requests=self._engines.num_leases(engine) if engine else 0,
            num_waiting=engine.num_waiting if engine else 0,
            problem=failure.why if failure else "",
        )


def _reference(engine: Engine) -> str:
    return f"{engine.name}@{engine.version}"

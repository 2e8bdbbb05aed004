"""The chain of the settings: opened at the start, and read again while the server serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog

from app.chain.chain import Chain
from app.chain.instance import Instance
from app.errors import ChainNotLoaded, FilterError, SettingsError
from app.settings import Settings, load_settings
from filters import Resources

log = structlog.get_logger(__name__)

FOLLOW_EVERY_S = 1.0
"""How soon a wanted reload begins, and what was retired is closed."""
_GIVEN_ON_THE_COMMAND_LINE = {"host", "port"}


class ChainLoader:
    """Replaces the chain as a whole, or not at all (implements `app.routes.service.Filters`).

    Args:
        settings: what the server was started with.
        chain: made from those settings, and open.
        resources: what filters share.
        on_closed: called when filters have been closed that nobody uses any more.
    """

    def __init__(
        self,
        settings: Settings,
        chain: Chain,
        resources: Resources,
        on_closed: Callable[[], object] = lambda: None,
    ) -> None:
        self._settings = settings
        self._chain = chain
        self._resources = resources
        self._on_closed = on_closed
        self._is_wanted = False
        self._changing = asyncio.Lock()

    @property
    def instances(self) -> tuple[Instance, ...]:
        """See `Filters`."""
        return self._chain.instances

    def want_reload(self) -> None:
        """Let `follow` reload the chain."""
        self._is_wanted = True

    async def follow(self) -> None:
        """Do what is wanted; what is wrong with the new chain is logged, and the old one goes on."""
        async with self._changing:
            if await self._chain.sweep():
                self._on_closed()
        if self._is_wanted:
            self._is_wanted = False
            try:
                await self.reload("SIGHUP")
            except ChainNotLoaded:
                return  # it is in the log

    async def reload(self, by: str) -> list[str]:
        """See `Filters`."""
        async with self._changing:
            try:
                settings = await asyncio.to_thread(load_settings, self._settings.origin.path)
                new = await asyncio.to_thread(
                    Chain.build, settings.chain, partial(settings.locate, "chain")
                )
                await self._open(new)
            except (SettingsError, FilterError) as error:
                log.error("chain_not_loaded", by=by, error=error.message)  # noqa: TRY400  a traceback would say no more
                raise ChainNotLoaded(error.message) from error
            self._chain.replace(new)
        log.info("chain_loaded", by=by, filters=[instance.id for instance in new.instances])
        return _changed(self._settings, settings)

    async def _open(self, new: Chain) -> None:
        try:
            await new.open(self._resources)
        except BaseException:
            await new.close()
            raise


@asynccontextmanager
async def open_chain(
    settings: Settings,
    chain: Chain,
    resources: Resources,
    on_closed: Callable[[], object] = lambda: None,
) -> AsyncGenerator[ChainLoader]:
    """Open the chain that was made from the settings, and close whatever has come into its place.

    `on_closed` is called when filters of an old one have been closed.

    Raises:
        FilterError: a filter cannot be set up or fails its canaries.
    """
    try:
        await chain.open(resources)
        yield ChainLoader(settings, chain, resources, on_closed)
    finally:
        await chain.close()


def _changed(old: Settings, new: Settings) -> list[str]:
    """Return the settings, beside the chain, that differ and count at the next start only."""
    beside = set(Settings.model_fields) - {"chain"} - _GIVEN_ON_THE_COMMAND_LINE
    return sorted(name for name in beside if getattr(old, name) != getattr(new, name))

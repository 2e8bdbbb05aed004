"""Which models a server serves, as its operators see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.engine import Task


@dataclass(frozen=True, slots=True)
class ModelState:
    """One name that requests may ask for, and what answers."""

    name: str
    """What a request names: `name`, or `name@version` where the settings pin a version."""
    version: str
    """Of the bundle that answers; empty if none could be loaded."""
    task: Task | None
    in_settings: bool
    """Whether the settings name it; others can be unloaded."""
    num_requests: int = 0
    """Requests that it is answering now."""
    num_waiting: int = 0
    """What waits in front of it."""
    problem: str = ""
    """Why the version that should answer could not be loaded; empty if it does."""


class Lineup(Protocol):
    """The models of this server, which may change while it serves."""

    def states(self) -> list[ModelState]:
        """Return every name that is served, in the order of the settings, then by name."""

    async def load(self, name: str, version: str | None, by: str) -> None:
        """Serve a bundle by its name, and put a version of it in production.

        Args:
            name: the bundle's.
            version: by default the one in production, else the newest one.
            by: who wants it, for the record.

        Raises:
            NotFound: there is no such bundle.
            ModelNotLoaded: it cannot be loaded; whatever was served goes on being served.
            Unavailable: the database is down; nothing has changed.
        """

    async def unload(self, name: str, by: str) -> None:
        """Serve a bundle no more; its requests in work end first.

        Raises:
            NotFound: it is not served.
            ModelInUse: the settings name it.
            Unavailable: the database is down; nothing has changed.
        """

    async def roll_back(self, name: str, by: str) -> None:
        """Put back in production what was there before.

        Raises:
            NotFound: it is not served, or nothing was there before.
            ModelNotLoaded: it cannot be loaded; whatever was served goes on being served.
            Unavailable: the database is down; nothing has changed.
        """

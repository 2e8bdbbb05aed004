"""Which versions are served: aliases, and further models; running servers follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from app.cli import frame, times
from app.cli.models.group import AsJson, app
from app.cli.verification import verified
from app.errors import BundleError, NotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.store.aliases import AliasChange, AliasStore
    from app.store.database import Database

T = TypeVar("T")

_Pinned = Annotated[str, typer.Argument(metavar="bundle", help="name@version.")]
_Reference = Annotated[str, typer.Argument(metavar="bundle", help="name, or name@version.")]
_Name = Annotated[str, typer.Argument(metavar="name", help="The name of a bundle.")]


@app.command("use")
def use_model(bundle: _Pinned) -> None:
    """Put a version in production. It is verified first; running servers switch without a break."""
    _point("production", bundle)
    typer.echo(f"{bundle} is in production. `penstock models rollback` goes back.")


@app.command("rollback")
def roll_back_model(name: _Name) -> None:
    """Put back in production what was there before. It is verified first."""
    from app.store.aliases import PREVIOUS

    async def previous(aliases: AliasStore) -> str | None:
        return await aliases.get(name, PREVIOUS)

    version = _run(previous)
    if version is None:
        raise NotFound(f"{name} had no other version in production before.")
    _point("production", f"{name}@{version}")
    typer.echo(f"{name}@{version} is in production again.")


@app.command("load")
def load_model(bundle: _Reference) -> None:
    """Serve a bundle besides those of the settings, in all servers on this database.

    Without a version it is the one in production, else the newest. It is verified first.
    """
    from app.store.aliases import PRODUCTION, AliasStore
    from app.store.loaded import LoadedModelStore

    async def in_production(aliases: AliasStore) -> str | None:
        return None if "@" in bundle else await aliases.get(bundle, PRODUCTION)

    version = _run(in_production)
    loaded = verified(f"{bundle}@{version}" if version else bundle)

    async def load(database: Database) -> None:
        await AliasStore(database).set(PRODUCTION, loaded.name, loaded.version, _user())
        await LoadedModelStore(database).add(loaded.name, _user())

    _run_on(load)
    typer.echo(f"{loaded.reference} is served as {loaded.name!r} within seconds.")


@app.command("unload")
def unload_model(name: _Name) -> None:
    """Serve a bundle no more that `load` had added; requests in work end first."""
    from app.store.loaded import LoadedModelStore

    async def unload(database: Database) -> bool:
        return await LoadedModelStore(database).remove(name)

    if not _run_on(unload):
        raise NotFound(f"{name} was not loaded. What the settings name is always served.")
    typer.echo(f"{name} is served no more within seconds.")


@app.command("alias")
def alias_model(
    alias: Annotated[Literal["production", "candidate", "previous"], typer.Argument()],
    bundle: _Pinned,
) -> None:
    """Point an alias at one version of a bundle; it is verified first."""
    name, version = _point(alias, bundle)
    typer.echo(f"{alias} of {name} is now version {version}.")


@app.command("aliases")
def list_aliases(as_json: AsJson = False) -> None:
    """List what aliases stand for now and stood for before, newest first."""
    from dataclasses import asdict

    async def read(aliases: AliasStore) -> list[AliasChange]:
        return await aliases.history()

    history = _run(read)
    if as_json:
        frame.show_json([asdict(change) for change in history])
        return
    rows = (
        (change.alias, f"{change.name}@{change.version}", times.shown(change.set_at), change.set_by)
        for change in history
    )
    columns = ("alias", "bundle", "since", "set by")
    frame.show_table(columns, rows, "No alias was ever set: the newest version of a name is used.")


def _user() -> str:
    """Return who runs this command, for the record."""
    import getpass
    import os

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container the user may have no name
        return f"uid {os.getuid()}"


def _point(alias: str, bundle: str) -> tuple[str, str]:
    if "@" not in bundle:
        raise BundleError(f"Name a version too: {bundle}@VERSION.")
    loaded = verified(bundle)

    async def point(aliases: AliasStore) -> None:
        await aliases.set(alias, loaded.name, loaded.version, _user())

    _run(point)
    return loaded.name, loaded.version


def _run(work: Callable[[AliasStore], Awaitable[T]]) -> T:
    from app.store.aliases import AliasStore

    return _run_on(lambda connected: work(AliasStore(connected)))


def _run_on(work: Callable[[Database], Awaitable[T]]) -> T:
    from app.cli import database

    return database.run(work)

"""Remove a bundle, unless something still needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import frame
from app.cli.models.group import app
from app.errors import BundleError, DatabaseError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from app.settings import Settings
    from app.store.database import Database


@app.command("remove")
def remove_model(
    bundle: Annotated[str, typer.Argument(metavar="bundle", help="name@version.")],
    force: Annotated[
        bool, typer.Option("--force", help="Also if an alias or the settings use it.")
    ] = False,
) -> None:
    """Remove a bundle's files. What an alias or the settings use is refused."""
    from app.bundles import parse_reference

    settings = frame.settings()
    name, version = parse_reference(bundle)
    folder = settings.models_dir / name / version
    if not version or not (folder.is_dir() or folder.is_symlink()):
        raise BundleError(f"There is no bundle {bundle}; name it as `penstock models list` does.")
    if not force:
        _check(settings, name, version)
    _remove(folder)
    typer.echo(f"{bundle} is removed.")


def _check(settings: Settings, name: str, version: str) -> None:
    """Find out who needs the version.

    Raises:
        BundleError: somebody does, or that cannot be known.
    """
    try:
        aliases, loaded = _in_database()
    except (DatabaseError, Unavailable) as error:
        raise BundleError(
            f"Whether an alias uses it cannot be known: {error.message} --force removes it anyway."
        ) from error
    for alias, versions in aliases.items():
        if versions.get(name) == version:
            raise BundleError(
                f"It is the {alias} version of {name}. Move the alias first, or use --force."
            )
    meant = aliases["production"].get(name) or _newest(settings.models_dir, name)
    for user, reference in (*_users(settings), *(("`penstock models load`", n) for n in loaded)):
        if reference in (f"{name}@{version}", name if meant == version else ""):
            raise BundleError(f"It is used by {user}. Change that first, or use --force.")


def _in_database() -> tuple[Mapping[str, Mapping[str, str]], list[str]]:
    """Return what each alias stands for, and the further models that are served."""
    from app.cli import database
    from app.store.aliases import AliasStore
    from app.store.loaded import LoadedModelStore

    async def read(connected: Database) -> tuple[Mapping[str, Mapping[str, str]], list[str]]:
        aliases, kinds = AliasStore(connected), ("production", "candidate", "previous")
        found = {alias: await aliases.current(alias) for alias in kinds}
        return found, await LoadedModelStore(connected).names()

    return database.run(read)


def _users(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield every bundle that the settings use, and what uses it."""
    yield "the setting `encoder`", settings.encoder
    yield "the setting `model`", settings.model
    yield from (("the setting `models`", reference) for reference in settings.models)
    from app.chain.registry import build

    for entry in settings.chain:
        options = build(entry.filter, entry.options).options
        used = getattr(options, "bundle", None) or getattr(options, "model", None)
        if isinstance(used, str) and "/" not in used:  # else it is made anew when it is missing
            yield f"the filter {entry.id!r} of the chain", used


def _newest(models_dir: Path, name: str) -> str | None:
    from app.bundles import list_bundles

    return next((e.version for e in list_bundles(models_dir) if e.name == name), None)


def _remove(folder: Path) -> None:
    """Take the bundle out of sight in one step, so that no server opens half of it."""
    import shutil

    if folder.is_symlink():
        folder.unlink()
        return
    gone = folder.with_name(f".removed-{folder.name}")
    shutil.rmtree(gone, ignore_errors=True)
    try:
        folder.rename(gone)
        shutil.rmtree(gone)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()
    except OSError as error:
        raise BundleError(f"{folder} cannot be removed: {error.strerror}.") from error

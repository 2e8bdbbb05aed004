"""`penstock models`: the bundles in `models_dir` and the names that point at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from app.cli import frame, times
from app.cli.verification import verified
from app.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.bundles import BundleEntry, Manifest
    from app.store.aliases import AliasChange, AliasStore

T = TypeVar("T")

app = typer.Typer(name="models", help="See, verify and name model bundles.", no_args_is_help=True)

_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Reference = Annotated[str, typer.Argument(metavar="bundle", help="name, or name@version.")]


@app.command("list")
def list_models(as_json: _AsJson = False) -> None:
    """List the bundles that lie in `models_dir`; nothing is verified."""
    from app.bundles import list_bundles

    folder = frame.settings().models_dir
    described = [_describe(entry) for entry in list_bundles(folder)]
    if as_json:
        frame.show_json(described)
        return
    columns = ("bundle", "task", "MB", "quantization", "made", "problem")
    rows = (tuple(entry.values()) for entry in described)
    frame.show_table(columns, rows, f"There are no bundles in {folder}.")


@app.command("show")
def show_model(bundle: _Reference, as_json: _AsJson = False) -> None:
    """Show what a bundle's manifest says: task, files, data, figures."""
    manifest = _manifest(bundle)
    if as_json:
        typer.echo(manifest.model_dump_json(indent=2))
        return
    facts = {
        "bundle": f"{manifest.name}@{manifest.version}",
        "task": manifest.model.task,
        "made": manifest.created_at,
        "licence": manifest.licence,
        "begun from": manifest.base,
        "quantization": manifest.quantization,
        "longest input": f"{manifest.max_tokens} tokens",
        "inputs": ", ".join(tensor.name for tensor in manifest.inputs),
        "outputs": ", ".join(tensor.name for tensor in manifest.outputs),
    }
    facts |= {name: f"{value:.4g}" for name, value in manifest.metrics.items()}
    frame.show_table(("", ""), facts.items(), "")
    rows = ((name, file.bytes, file.sha256) for name, file in sorted(manifest.files.items()))
    frame.show_table(("\nfile", "\nbytes", "\nsha256"), rows, "")
    data = ((d.name, d.rows, d.licence, d.source) for d in manifest.datasets)
    frame.show_table(("\ndata", "\nrows", "\nlicence", "\nsource"), data, "")


@app.command("verify")
def verify_models(
    bundles: Annotated[
        list[str] | None, typer.Argument(metavar="[bundle]…", help="All of them if none is named.")
    ] = None,
) -> None:
    """Check bundles as the server does: every file by its hash, then load it and try its canaries."""
    from app.bundles import list_bundles

    folder = frame.settings().models_dir
    named = bundles or [f"{entry.name}@{entry.version}" for entry in list_bundles(folder)]
    damaged = 0
    for reference in named:
        try:
            bundle = verified(reference)
        except BundleError as error:
            damaged += 1
            frame.complain(error.message)
        else:
            manifest = bundle.manifest
            counts = f"{len(manifest.files)} files, {len(manifest.canaries)} canaries"
            typer.echo(f"{bundle.reference}: {counts}, all well")
    if not named:
        raise BundleError(f"There are no bundles in {folder}.")
    if damaged:
        raise typer.Exit(1)


@app.command("alias")
def alias_model(
    alias: Annotated[Literal["production", "candidate", "previous"], typer.Argument()],
    bundle: Annotated[str, typer.Argument(metavar="bundle", help="name@version.")],
) -> None:
    """Point an alias at one version of a bundle; it is verified first."""
    loaded = verified(bundle)

    async def point(aliases: AliasStore) -> None:
        await aliases.set(alias, loaded.name, loaded.version, _user())

    _run(point)
    typer.echo(f"{alias} of {loaded.name} is now version {loaded.version}.")


@app.command("aliases")
def list_aliases(as_json: _AsJson = False) -> None:
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


def _describe(entry: BundleEntry) -> dict[str, object]:
    manifest = entry.manifest
    size = sum(file.bytes for file in manifest.files.values()) if manifest else 0
    return {
        "bundle": f"{entry.name}@{entry.version}",
        "task": manifest.model.task if manifest else "",
        "mb": round(size / 1e6, 1),
        "quantization": manifest.quantization if manifest else "",
        "created_at": manifest.created_at[:10] if manifest else "",
        "problem": entry.problem,
    }


def _manifest(reference: str) -> Manifest:
    from app.bundles import list_bundles, parse_reference, read_manifest

    name, version = parse_reference(reference)
    for entry in list_bundles(frame.settings().models_dir):
        if entry.name == name and version in ("", entry.version):
            return read_manifest(entry.path)
    raise BundleError(f"There is no bundle {reference}; `penstock models list` shows them.")


def _run(work: Callable[[AliasStore], Awaitable[T]]) -> T:
    from app.cli import database
    from app.store.aliases import AliasStore

    return database.run(lambda connected: work(AliasStore(connected)))

"""The bundles in `models_dir`: list them, show one, verify them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import frame
from app.cli.models.group import AsJson, app
from app.cli.verification import verified
from app.errors import BundleError

if TYPE_CHECKING:
    from app.bundles import BundleEntry, Manifest

_Reference = Annotated[str, typer.Argument(metavar="bundle", help="name, or name@version.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
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
def show_model(bundle: _Reference, as_json: AsJson = False) -> None:
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
        "fetched from": _source(manifest),
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


def _source(manifest: Manifest) -> str:
    source = manifest.source
    return f"{source.repository}@{source.revision}, {source.file}" if source else ""


def _manifest(reference: str) -> Manifest:
    from app.bundles import list_bundles, parse_reference, read_manifest

    name, version = parse_reference(reference)
    for entry in list_bundles(frame.settings().models_dir):
        if entry.name == name and version in ("", entry.version):
            return read_manifest(entry.path)
    raise BundleError(f"There is no bundle {reference}; `penstock models list` shows them.")

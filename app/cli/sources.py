"""`penstock sources`: what questions are answered from."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli import frame
from app.errors import NotFound, SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from app.retrieval.files import SourceFile
    from app.retrieval.ingest import Ingest, Result
    from app.store.database import Database
    from app.store.sources import SourceRow, SourceStore

T = TypeVar("T")

app = typer.Typer(
    name="sources", help="Add, list and remove what is answered from.", no_args_is_help=True
)


def _path(text: str) -> Path:
    """Read a path; an empty one would mean the whole working folder."""
    if not text.strip():
        raise typer.BadParameter("Name a file or a folder.")
    return Path(text)


_Root = Annotated[Path, typer.Option(help="Sources are named by their path from this folder.")]


@app.command("add")
def add_sources(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            parser=_path,
            metavar="path",
            help="Markdown, text, HTML and PDF files, and folders of them. "
            "Without any: those of the setting `sources`.",
        ),
    ] = None,
    root: _Root = Path(),
    reindex: Annotated[
        bool, typer.Option("--reindex", help="Read and embed also what has not changed.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove sources of these folders whose file is gone.")
    ] = False,
) -> None:
    """Index files. What has not changed is left alone; what has replaces its old passages.

    Running servers see the change at once.
    """
    from app.retrieval.files import find_files

    named = paths or frame.settings().sources
    if not named:
        raise SettingsError("Name files or folders, or set `sources` in penstock.toml.")
    files = find_files(named, root)
    folders = [path for path in named if path.is_dir()] if prune else []

    async def add(store: SourceStore) -> tuple[list[Result], list[str], list[str]]:
        async with _ingest(store) as ingest:
            results = await _add(ingest, files, anew=reindex)
            gone = await ingest.prune(folders, root)
            return results, gone, await _reembed(ingest)

    results, gone, reembedded = _run(add)
    _summarize(results, gone, reembedded)
    if any(result.reason for result in results):
        raise typer.Exit(1)


@app.command("list")
def list_sources(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the sources by name."""

    async def read(store: SourceStore) -> list[SourceRow]:
        return await store.list()

    described = [_describe(row) for row in _run(read)]
    if as_json:
        frame.show_json(described)
        return
    rows = (
        (row["uri"], row["title"], row["passages"], f"{row['updated_at']:%Y-%m-%d %H:%M}")
        for row in described
    )
    columns = ("source", "title", "passages", "indexed (UTC)")
    frame.show_table(columns, rows, "There are no sources: see `penstock sources add --help`.")


@app.command("remove")
def remove_sources(
    paths: Annotated[
        list[Path],
        typer.Argument(parser=_path, metavar="path", help="Sources, or folders of them."),
    ],
    root: _Root = Path(),
) -> None:
    """Forget sources with their passages; their files stay."""
    from app.retrieval.files import is_below, source_uri

    tops = [source_uri(path, root) for path in paths]

    async def remove(store: SourceStore) -> int:
        known = [row.uri for row in await store.list()]
        for top in tops:
            if not any(is_below(uri, top) for uri in known):
                raise NotFound(f"There is no source {top}: see `penstock sources list`.")
        below = [uri for uri in known if any(is_below(uri, top) for top in tops)]
        return sum([await store.remove(uri) for uri in below])

    typer.echo(f"{_run(remove)} removed")


async def _add(ingest: Ingest, files: Sequence[SourceFile], *, anew: bool) -> list[Result]:
    results = []
    with frame.bar() as bar:
        task = bar.add_task("", total=len(files))
        for file in files:
            name = frame.visible(file.uri)

            def tell(done: int, total: int, name: str = name) -> None:
                bar.update(task, description=f"{name} ({done}/{total} passages)")

            bar.update(task, description=name)
            results.append(await ingest.add(file, anew=anew, progress=tell))
            bar.advance(task)
    return results


async def _reembed(ingest: Ingest) -> list[str]:
    """Bring what another encoder has embedded, and was not named, up to this one."""
    foreign = ingest.foreign
    if foreign:
        typer.echo(f"The encoder has changed: embedding {len(foreign)} more sources again.")
        with frame.bar() as bar:
            task = bar.add_task("embedding", total=len(foreign))
            await ingest.reembed(lambda done, _: bar.update(task, completed=done))
    return foreign


def _summarize(results: Sequence[Result], gone: Sequence[str], reembedded: Sequence[str]) -> None:
    from app.retrieval.ingest import Change

    for result in results:
        if result.reason:
            frame.complain(f"{result.uri}: {result.reason}")
    counts = Counter(result.change for result in results)
    said_of = {str(change): counts[change] for change in Change}
    said_of |= {"removed": len(gone), "embedded again": len(reembedded)}
    said = ", ".join(f"{count} {change}" for change, count in said_of.items() if count)
    passages = sum(result.num_passages for result in results)
    typer.echo(f"{said or 'nothing found'}; {passages} passages indexed")


def _describe(row: SourceRow) -> dict[str, object]:
    return {
        "uri": row.uri,
        "title": row.title,
        "media_type": row.media_type,
        "passages": row.num_passages,
        "embedders": sorted(row.embedders),
        "updated_at": row.updated_at,
    }


@asynccontextmanager
async def _ingest(store: SourceStore) -> AsyncGenerator[Ingest]:
    """Open the encoder of the settings, and what adds sources with it."""
    from app.bundles import load_bundle
    from app.encoder import open_embedder
    from app.retrieval.ingest import Ingest

    settings = frame.settings()
    embedder = open_embedder(load_bundle(settings.models_dir, settings.encoder), settings.runtime)
    try:
        async with Ingest(store, embedder, settings.retrieval.chunk_chars) as ingest:
            yield ingest
    finally:
        await embedder.close()


def _run(work: Callable[[SourceStore], Awaitable[T]]) -> T:
    from app.cli import database
    from app.store.sources import SourceStore
    from app.telemetry import configure_logs

    async def run(opened: Database) -> T:
        return await work(SourceStore(opened))

    writer = configure_logs("warning", "text")
    try:
        return database.run(run)
    finally:
        writer.close()

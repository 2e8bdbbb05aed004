"""`penstock sources`: what questions are answered from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli import frame
from app.errors import NotFound, SettingsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from app.retrieval.ingest import Ingest, Result
    from app.store.sources import SourceRow, SourceStore

T = TypeVar("T")

app = typer.Typer(
    name="sources", help="Add, list and remove what is answered from.", no_args_is_help=True
)


@app.command("add")
def add_sources(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[path]…",
            help="Markdown, text, HTML and PDF files, and folders of them; without, those of the "
            "setting `sources`.",
        ),
    ] = None,
    root: Annotated[
        Path, typer.Option(help="Sources are named by their path from this folder.")
    ] = Path(),
    reindex: Annotated[
        bool, typer.Option("--reindex", help="Read and embed again also what has not changed.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove sources of these folders whose file is gone.")
    ] = False,
) -> None:
    """Index files. Files that changed replace their old passages; the rest is left alone."""
    from app.retrieval.files import find_files

    named = paths or list(frame.settings().sources)
    if not named:
        raise SettingsError("Name files or folders, or set `sources` in penstock.toml.")
    files = find_files(named, root)

    async def work(store: SourceStore) -> tuple[list[Result], list[str], int]:
        async with _opened(store) as ingest:
            results = [
                await ingest.add(file, anew=reindex)
                for file in frame.progress(files, "indexing", lambda file: file.uri)
            ]
            gone = await ingest.prune([path for path in named if path.is_dir()], root)
        return results, gone

    results, gone = _run(work)

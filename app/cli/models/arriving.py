"""Bring models in: from a hub, or from a folder of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import frame
from app.cli.models.group import AsJson, app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.hub import Origin, Variant
    from app.settings import Settings

_Name = Annotated[
    str | None, typer.Option("--name", help="Of the bundle; otherwise made from the model's.")
]
_Version = Annotated[
    str | None, typer.Option("--version", help="Of the bundle; otherwise the next number.")
]
_Variant = Annotated[
    str | None,
    typer.Option("--variant", help="Which graph: a precision (q4, fp16), a folder or a path."),
]
_List = Annotated[bool, typer.Option("--list", help="Only list the graphs with their sizes.")]
_MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", min=32, help="Allow shorter inputs than the model.")
]


@app.command("pull")
def pull_model(  # noqa: PLR0913  options of a command
    repository: Annotated[
        str, typer.Argument(metavar="repository", help="OWNER/NAME or OWNER/NAME@REVISION.")
    ],
    variant: _Variant = None,
    only_list: _List = False,
    name: _Name = None,
    version: _Version = None,
    max_tokens: _MaxTokens = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a model from the hub and make a bundle of it.

    The graph that fits the hardware best is chosen: 4 or 8 bits on a CPU, half precision on a GPU.
    Every file is checked by its digest; a fetch that broke off goes on where it ended.
    """
    from app.hub import Hub

    settings = frame.settings()
    wanted, _, revision = repository.partition("@")
    hub = Hub(settings.hub, settings.home / "hub")
    origin = hub.repository(wanted, revision or None)
    _bring_in(settings, origin, _Wanted(variant, only_list, name, version, max_tokens, as_json))


@app.command("add")
def add_model(  # noqa: PLR0913  options of a command
    folder: Annotated[Path, typer.Argument(metavar="folder", help="With an ONNX graph in it.")],
    variant: _Variant = None,
    only_list: _List = False,
    name: _Name = None,
    version: _Version = None,
    max_tokens: _MaxTokens = None,
    as_json: AsJson = False,
) -> None:
    """Make a bundle of a model in a folder; the folder stays as it is.

    It may have Hugging Face's form (config.json, tokenizer.json, onnx/model.onnx) or that of
    onnxruntime-genai (genai_config.json), for text generation or the classification of texts or tokens.
    """
    from app.hub import open_folder

    wanted = _Wanted(variant, only_list, name, version, max_tokens, as_json)
    _bring_in(frame.settings(), open_folder(folder), wanted)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The options that both commands share."""

    variant: str | None
    only_list: bool
    name: str | None
    version: str | None
    max_tokens: int | None
    as_json: bool


def _bring_in(settings: Settings, origin: Origin, wanted: _Wanted) -> None:
    from app.hub import adopt
    from app.hub.adoption import Choice
    from app.hub.variants import choose, find_variants
    from app.runtime.hardware import expects_gpu

    variants = find_variants(origin.files)
    if wanted.only_list:
        _list(variants, as_json=wanted.as_json)
        return
    chosen = choose(variants, "gpu" if expects_gpu(settings.runtime) else "cpu", wanted.variant)
    choice = Choice(chosen, wanted.name, wanted.version, wanted.max_tokens)
    with _Progress() as bar:
        reference = adopt(
            origin, choice, settings.models_dir, settings.runtime, bar.begin, bar.advance
        )
    _tell(settings, reference, as_json=wanted.as_json)


def _list(variants: Sequence[Variant], *, as_json: bool) -> None:
    listed = [{"variant": v.graph, "mb": round(v.bytes / 1e6, 1)} for v in variants]
    if as_json:
        frame.show_json(listed)
    else:
        rows = (tuple(one.values()) for one in listed)
        frame.show_table(("variant", "MB"), rows, "There is no ONNX file.")


def _tell(settings: Settings, reference: str, *, as_json: bool) -> None:
    from app.bundles import read_manifest

    name, _, version = reference.partition("@")
    manifest = read_manifest(settings.models_dir / name / version)
    if as_json:
        frame.show_json(
            {"bundle": reference, "task": manifest.model.task, "licence": manifest.licence}
        )
        return
    facts = f"{manifest.model.task}, up to {manifest.max_tokens} tokens"
    typer.echo(f"{reference}: {facts}, licence: {manifest.licence}.")
    typer.echo(f"`penstock models load {reference}` lets the servers serve it.", err=True)


class _Progress:
    """A bar on stderr, and quiet logs, while a model comes in."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> _Progress:
        from app.telemetry import configure_logs

        self._writer = configure_logs("warning", "text")
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
        self._writer.close()

    def begin(self, text: str, size: int) -> None:
        """Start the bar anew."""
        self._bar.reset(self._task, total=size or None, description=frame.visible(text))

    def advance(self, size: int) -> None:
        """Move the bar on, or back."""
        self._bar.advance(self._task, size)

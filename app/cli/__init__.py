"""The `penstock` command. What a command needs is imported when it runs: help is instant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli import exchanges, filters, frame, keys, models, sources
from app.cli.ask import ask
from app.cli.migrate import migrate
from app.cli.reloading import reload_filters
from app.cli.serve import serve
from app.cli.settings import settings

app = typer.Typer(
    name="penstock",
    cls=frame.Commands,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_USE, _OPERATE, _LOOK = "Use", "Operate", "Look"
app.command(rich_help_panel=_USE)(serve)
app.command(rich_help_panel=_USE)(ask)
app.command(rich_help_panel=_OPERATE)(migrate)
app.add_typer(keys.app, rich_help_panel=_OPERATE)
app.add_typer(sources.app, rich_help_panel=_OPERATE)
app.add_typer(models.app, rich_help_panel=_OPERATE)
app.add_typer(exchanges.app, rich_help_panel=_LOOK)
filters.app.command("reload")(reload_filters)
app.add_typer(filters.app, rich_help_panel=_LOOK)
app.command(rich_help_panel=_LOOK)(settings)


def _version(wanted: bool) -> None:
    if wanted:
        from app import __version__

        typer.echo(f"penstock {__version__}")
        raise typer.Exit


@app.callback()
def penstock(
    config: Annotated[
        Path | None,
        typer.Option(
            envvar="PENSTOCK_CONFIG",
            help="The settings file; otherwise penstock.toml in this folder, if there is one.",
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Penstock: a guarded inference server."""
    frame.config_file.set(config)

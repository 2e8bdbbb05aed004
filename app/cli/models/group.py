"""The group `penstock models` itself, to which each module adds its commands."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="models",
    help="Bring in, see, verify, serve and remove models.",
    no_args_is_help=True,
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

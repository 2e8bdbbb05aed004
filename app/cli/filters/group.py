"""The group `penstock filters` itself, to which each module adds its commands."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="filters",
    help="Write, see, try and measure filters.",
    no_args_is_help=True,
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

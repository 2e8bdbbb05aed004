"""`penstock settings`: what this server would run with."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli import frame


def settings(
    explain: Annotated[
        bool, typer.Option("--explain", help="Add what each key means and where it was set.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of TOML.")] = False,
    schema: Annotated[
        bool,
        typer.Option("--schema", help="Print a JSON Schema of penstock.toml, for editors."),
    ] = False,
) -> None:
    """Print the settings in force: file, environment and defaults together.

    Passwords are masked. The output is a complete penstock.toml.
    """
    if schema:
        from app.chain.schema import settings_schema

        frame.show_json(settings_schema())
        return
    from app.settings.render import to_toml, to_values

    chosen = frame.settings()
    if as_json:
        frame.show_json(to_values(chosen))
    else:
        typer.echo(to_toml(chosen, explain=explain), nl=False)

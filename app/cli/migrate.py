"""`penstock migrate`: bring the database to this version's schema."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli import frame


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail if the schema does not fit.")
    ] = False,
    current: Annotated[
        bool, typer.Option("--current", help="Change nothing; print the schema's revision.")
    ] = False,
) -> None:
    """Bring the database to the schema of this version.

    Safe to repeat, and to run beside running servers of this version or the one before.
    """
    from app.cli.database import address
    from app.store import migrate as store

    with address(frame.settings()) as url:
        if current:
            typer.echo(store.current(url) or "empty")
        elif check:
            store.check(url)
            typer.echo(f"The schema fits: revision {store.current(url)}.")
        else:
            before = store.current(url)
            store.upgrade(url)
            after = store.current(url)
            unchanged = f"The schema was up to date: revision {after}."
            changed = f"The schema is now at revision {after} (before: {before or 'empty'})."
            typer.echo(unchanged if before == after else changed)

"""`penstock filters reload`: let the running server read its chain again."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli import frame

CONFLICT = 409
TIMEOUT_S = 120.0
"""For models that the new chain is the first to use."""


def reload_filters(
    key: Annotated[
        str | None,
        typer.Option(envvar="PENSTOCK_KEY", help="A key with the scope admin; else the first one."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(envvar="PENSTOCK_URL", help="The server; otherwise the one of the settings."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Let the running server read its chain again, as a whole or, if anything is wrong, not at all.

    Requests in work end on the chain they began with. Each server has to be told.
    """
    from app.cli import client, server

    settings = frame.settings()
    address, used = url or server.address(settings), key or server.first_key(settings)
    try:
        answer = client.post(address, used, "/filters/reload", TIMEOUT_S)
    except client.Refused as error:
        if error.status != CONFLICT:
            raise
        message = f"{error.message} The chain that was in force stays in force."
        raise client.Refused(message, error.status) from error
    if as_json:
        frame.show_json(answer)
        return
    chain = " → ".join(one["id"] for one in answer["filters"]) or "no filters: nothing is judged"
    typer.echo(frame.visible(f"In force: {chain}"))
    if answer["needs_restart"]:
        changed = ", ".join(answer["needs_restart"])
        typer.echo(frame.visible(f"At the next start only: {changed}"), err=True)

"""`penstock keys`: who may use the server."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli import frame, times
from app.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.store.keys import ApiKey, KeyStore, Scope

T = TypeVar("T")

app = typer.Typer(
    name="keys", help="Make, list and revoke the API keys of clients.", no_args_is_help=True
)


MAX_NAME_CHARS = 200


def _name(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= MAX_NAME_CHARS:
        raise typer.BadParameter(f"A name has 1 to {MAX_NAME_CHARS} characters.")
    return name


@app.command("create")
def create_key(
    name: Annotated[
        str, typer.Option(parser=_name, metavar="text", help="Whose key it is, for people.")
    ],
    scope: Annotated[
        list[str], typer.Option(help="What it may: infer, review or admin. May be given again.")
    ] = ["infer"],  # noqa: B006 (never changed)
    expires: Annotated[
        dt.datetime | None,
        typer.Option(parser=times.ahead, metavar="time", help=f"When it ends: {times.HINT}."),
    ] = None,
) -> None:
    """Make a key. Its secret is printed this once, alone on stdout, and stored nowhere."""
    scopes = frozenset(_scope(word) for word in scope)

    async def create(keys: KeyStore) -> tuple[ApiKey, str]:
        return await keys.create(name, scopes, expires)

    key, secret = _run(create)
    typer.echo(secret)
    typer.echo(
        f"Key {key.prefix}… may {', '.join(sorted(key.scopes))}; it ends "
        f"{times.shown(key.expires_at, 'never')}. Keep it now: it is not shown again.",
        err=True,
    )


@app.command("list")
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List all keys, without their secrets."""

    async def read(keys: KeyStore) -> list[ApiKey]:
        return await keys.list()

    found = _run(read)
    if as_json:
        frame.show_json([_plain(key) for key in found])
        return
    rows = (
        (
            key.prefix,
            key.name,
            ", ".join(sorted(key.scopes)),
            times.shown(key.created_at),
            times.shown(key.expires_at, "never"),
            _state(key),
        )
        for key in found
    )
    columns = ("prefix", "name", "scopes", "made", "ends", "state")
    frame.show_table(columns, rows, "There are no keys.")


@app.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="Its prefix or id, as in `penstock keys list`.")],
) -> None:
    """End a key for good. Running servers refuse it within seconds."""

    async def revoke(keys: KeyStore) -> bool:
        return await keys.revoke(key)

    if not _run(revoke):
        raise NotFound("There is no such key, or it was revoked before.")
    typer.echo("Revoked.")


def _run(work: Callable[[KeyStore], Awaitable[T]]) -> T:
    from app.cli import database
    from app.store.keys import KeyStore

    return database.run(lambda connected: work(KeyStore(connected)))


def _scope(word: str) -> Scope:
    from app.store.keys import Scope

    try:
        return Scope(word)
    except ValueError:
        known = ", ".join(Scope)
        raise typer.BadParameter(f"There is no scope of this name, only: {known}.") from None


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    ended = key.expires_at is not None and key.expires_at <= dt.datetime.now(dt.UTC)
    return "ended" if ended else "active"


def _plain(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "state": _state(key),
    }

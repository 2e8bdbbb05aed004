"""`penstock serve`: open everything, answer, and end in order."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import frame
from app.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path

    from app.routes.keyring import KeyRing
    from app.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one.")
    ] = None,
) -> None:
    """Answer questions over HTTP until SIGTERM or Ctrl-C.

    The log goes to standard error: text on a terminal, otherwise one JSON object a line.
    """
    given = {"host": host, "port": port}
    chosen = frame.settings().model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    with _bind(chosen.host, chosen.port) as listener:
        _serve(chosen, listener)


def _serve(settings: Settings, listener: socket.socket) -> None:
    from uvicorn import Config

    from app.main import create_app
    from app.server import BoundedProtocol, DrainingServer
    from app.startup.secrets import FIRST_KEY
    from app.telemetry import configure_logs

    writer = configure_logs(settings.log_level, settings.log_format)
    app = create_app(settings)
    config = Config(
        app,
        http=BoundedProtocol.counting(app.state.metrics),
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    address = _address(settings.host, listener)
    server = DrainingServer(
        config,
        settings,
        app.state.drain,
        app.router.lifespan_context(app),
        lambda: _greet(
            settings, address, _valid(settings.home / FIRST_KEY, app.state.service.keys)
        ),
        lambda: app.state.service.filters.want_reload(),
    )
    try:
        server.run([listener])
    finally:
        writer.close()


def _bind(host: str, port: int) -> socket.socket:
    """Take the address before anything heavy is opened.

    Raises:
        StartupError: it cannot be had.
    """
    with ExitStack() as on_error:
        try:
            family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            listener = on_error.enter_context(socket.socket(family, kind))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
        except OSError as error:
            raise StartupError(
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another address with "
                "PENSTOCK_HOST and PENSTOCK_PORT; port 0 takes a free one."
            ) from error
        on_error.pop_all()
    return listener


def _address(host: str, listener: socket.socket) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  only shown
    if ":" in shown:
        shown = f"[{shown}]"
    return f"http://{shown}:{listener.getsockname()[1]}"


def _valid(key_file: Path, keys: KeyRing) -> Path | None:
    """Return the file if the key in it may still be used."""
    try:
        secret = key_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return key_file if keys.find(secret) else None


def _greet(settings: Settings, address: str, key_file: Path | None) -> None:
    """Say where the server is and what to try first."""
    chain = " → ".join(entry.id for entry in settings.chain) or "no filters: nothing is judged"
    database = "embedded Postgres" if settings.database_url is None else "PENSTOCK_DATABASE_URL"
    lines = [
        f"Penstock answers on {address}",
        f"  model   {settings.model}",
        f"  chain   {chain}",
        f"  state   {settings.home} ({database})",
        f"  review  {address}/review",
    ]
    if key_file is not None:
        lines += [
            "",
            f"Try it, with the first key from {key_file}:",
            "",
            f"  curl {address}/infer \\",
            f'    -H "Authorization: Bearer $(cat {key_file})" \\',
            '    -H "Content-Type: application/json" \\',
            """    -d '{"prompt": "How do I add a filter?"}'""",
        ]
    typer.echo("\n".join([*lines, "", "Ctrl-C stops it."]))

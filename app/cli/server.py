"""The running server that commands talk to: its address, and the key that was made with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import Unauthorized

if TYPE_CHECKING:
    from pathlib import Path

    from app.settings import Settings


def address(settings: Settings) -> str:
    """Return where the server of these settings listens."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{settings.port}"


def key_file(settings: Settings) -> Path:
    """Return the file with the key that was made at the first start."""
    return settings.home / "first-key"


def first_key(settings: Settings) -> str:
    """Return the key that was made at the first start.

    Raises:
        Unauthorized: it cannot be read.
    """
    file = key_file(settings)
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise Unauthorized(
            f"There is no key in {file}. Name one with --key or PENSTOCK_KEY; "
            "`penstock keys create` makes one."
        ) from None

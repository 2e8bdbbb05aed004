"""Secrets that a server makes for itself at its first start, each in a file only it can read."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import structlog

from app.errors import StartupError
from app.store.keys import KeyStore, Scope, new_key

log = structlog.get_logger(__name__)

FIRST_KEY = "first-key"
REVIEW_SECRET = "review-secret"  # noqa: S105  the file's name


async def make_first_key(keys: KeyStore, home: Path) -> bool:
    """Make a key with all scopes if there has never been one, and write it to `first-key`.

    Raises:
        StartupError: the file cannot be written.
        Unavailable: the database is down.
    """
    if await keys.list():
        return False
    with _opened(home / FIRST_KEY) as descriptor:
        # Waited for the lock: another process may have made one meanwhile.
        if await keys.list():
            return False
        key, secret = new_key("first key", frozenset(Scope))
        # The file first: a key that nobody can read would be the only one for ever.
        _write(descriptor, secret.encode("ascii") + b"\n")
        await keys.add(key)
    log.info("first_key_made", file=str(home / FIRST_KEY))
    return True


def review_secret(home: Path) -> bytes:
    """Return the secret that signs the reviewers' cookies, made at the first start.

    Raises:
        StartupError: the file cannot be read or written.
    """
    with _opened(home / REVIEW_SECRET) as descriptor:
        secret = os.read(descriptor, 256)
        if not secret:
            secret = secrets.token_hex(32).encode("ascii")
            _write(descriptor, secret)
    return secret


@contextmanager
def _opened(file: Path) -> Generator[int]:
    """Open a file for this process alone."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(file, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    except OSError as error:
        raise _unwritable(file, error) from error
    finally:
        os.close(descriptor)


def _unwritable(file: Path, error: OSError) -> StartupError:
    return StartupError(
        f"{file} cannot be written: {error.strerror}. Make room, or choose another folder with "
        "PENSTOCK_HOME."
    )


def _write(descriptor: int, content: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, content, 0)
    os.fsync(descriptor)

"""The user that Postgres runs as: it refuses to run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from app.errors import DatabaseError

CANDIDATES = ("penstock", "postgres", "nobody")
"""Unprivileged users that root hands the server to, first existing one wins."""
LAUNCH_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom the data directory belongs to."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """We are root and step down to this user for everything Postgres does."""
        return os.geteuid() != self.uid

    def own(self, fd: int) -> None:
        """Hand an open file or folder to the owner."""
        if self.is_other:
            os.fchown(fd, self.uid, self.gid)

    def run(self, command: Sequence[str], env: Mapping[str, str], timeout_s: float) -> str:
        """Run a program as the owner and return what it printed.

        Raises:
            subprocess.CalledProcessError: it failed.
            subprocess.TimeoutExpired: it took too long.
        """
        done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 (commands of ours)
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=True,
            timeout=timeout_s,
            **self._process_options(),
        )
        return done.stdout

    def launch(
        self, command: Sequence[str], env: Mapping[str, str], log: IO[bytes], keep_fd: int
    ) -> None:
        """Start a program as the owner that outlives us.

        It is nobody's child, so no zombie is left of it, and in a session of its own, so that
        Ctrl-C spares it.
        """
        subprocess.run(  # noqa: S603 (commands of ours)
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(keep_fd,),
            start_new_session=True,
            check=True,
            timeout=LAUNCH_TIMEOUT_S,
            **self._process_options(),
        )

    def can_enter(self, folder: Path) -> bool:
        """Tell whether the owner reaches a folder through all of its parents."""
        try:
            self.run(["/bin/sh", "-c", 'cd -P -- "$1"', "sh", str(folder)], {}, 30)
        except subprocess.CalledProcessError:
            return False
        return True

    def _process_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"cwd": "/", "umask": 0o077}
        if self.is_other:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options


def choose_owner(folder: Path) -> Owner:
    """Return the user to run Postgres as: ourselves, or for root the folder's owner.

    Raises:
        DatabaseError: there is no such user, or Postgres would not run as it.
    """
    uid = os.geteuid()
    if uid == 0:
        uid = next((u for u in _owners_of(folder) if u != 0), 0)
    entry = _entry(uid) if uid else _first_candidate()
    return Owner(entry.pw_uid, entry.pw_gid)


def _owners_of(folder: Path) -> list[int]:
    return [path.stat().st_uid for path in (folder, folder.parent) if path.exists()]


def _entry(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise DatabaseError(
            f"Postgres does not run as user {uid}, which has no entry in /etc/passwd. "
            "Add one, run as another user, or set PENSTOCK_DATABASE_URL."
        ) from None


def _first_candidate() -> pwd.struct_passwd:
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return entry
    raise DatabaseError(
        "Postgres does not run as root, and there is no user `penstock`, `postgres` or `nobody` "
        "to hand it to. Add one (useradd --system penstock), or set PENSTOCK_DATABASE_URL."
    )

"""Where the embedded Postgres lives on disk."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.errors import DatabaseError
from app.store.embedded.binaries import Binaries
from app.store.embedded.locks import held
from app.store.embedded.owner import Owner, choose_owner

log = logging.getLogger(__name__)

ROOT_HOME = Path("/var/lib/penstock")
"""Where root puts the data when the owner cannot enter the home, as with one under /root."""
SOCKET_PATH_BYTES = 107 - len("/.s.PGSQL.5432.lock")
COPY_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one embedded Postgres, and whom it belongs to."""

    folder: Path
    owner: Owner

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What Postgres says."""
        return self.folder / "log"

    @property
    def socket_folder(self) -> Path:
        """The data directory, or a short path if that one is too long for a socket."""
        path = os.fsencode(self.data)
        if len(path) <= SOCKET_PATH_BYTES and re.fullmatch(rb"[\w./-]+", path):
            return self.data
        digest = hashlib.sha256(path).hexdigest()[:16]
        return Path(f"/tmp/penstock-{self.owner.uid}-{digest}")  # noqa: S108 (checked by `own_folder`)


def find_place(home: Path, root_home: Path = ROOT_HOME) -> Place:
    """Make the folder for the server, in `home` if its owner can get there.

    Raises:
        DatabaseError: the folder cannot be made or belongs to somebody else.
    """
    link = home.absolute() / "postgres"
    try:
        home.mkdir(parents=True, exist_ok=True)
        folder = link.resolve()
        owner = choose_owner(folder)
        if owner.is_other and not owner.can_enter(folder.parent):
            folder = _move_out(link, root_home)
        own_folder(folder, owner)
    except OSError as error:
        raise DatabaseError(
            f"The embedded Postgres cannot use {link}: {error.strerror}. Make it writable for the "
            "user that runs Penstock, set PENSTOCK_HOME, or set PENSTOCK_DATABASE_URL."
        ) from error
    return Place(folder, owner)


def own_folder(folder: Path, owner: Owner) -> None:
    """Make a folder that only the owner enters, or see that it is one.

    Raises:
        DatabaseError: something else is there.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        # Just made, by us or by another process of ours that has not handed it over yet.
        if os.fstat(fd).st_uid == os.geteuid() and not os.listdir(fd):
            owner.own(fd)
        status = os.fstat(fd)
    finally:
        os.close(fd)
    if status.st_uid != owner.uid or stat.S_IMODE(status.st_mode) & 0o077:
        raise DatabaseError(
            f"{folder} must belong to user {owner.uid} and be closed to others (mode 0700). "
            "Mend that, run as the user it belongs to, or set PENSTOCK_HOME to another folder."
        )


def reachable(binaries: Binaries, owner: Owner, root_home: Path = ROOT_HOME) -> Binaries:
    """Return binaries that the owner can run: a copy, if these lie where it cannot enter."""
    if not owner.is_other or owner.can_enter(binaries.prefix / "bin"):
        return binaries
    if not binaries.parts:
        raise DatabaseError(
            f"User {owner.uid} cannot run the Postgres in {binaries.prefix}. "
            "Run Penstock as an unprivileged user, or set PENSTOCK_DATABASE_URL."
        )
    try:
        _make_root_home(root_home)
        with held(root_home / "copy.lock", Owner(os.geteuid(), os.getegid()), COPY_TIMEOUT_S):
            return binaries.copy(root_home / binaries.release)
    except OSError as error:
        raise DatabaseError(
            f"User {owner.uid} cannot run the Postgres in {binaries.prefix}, and it cannot be "
            f"copied to {root_home}: {error.strerror}. Run Penstock as an unprivileged user, or "
            "set PENSTOCK_DATABASE_URL."
        ) from error


def _move_out(link: Path, root_home: Path) -> Path:
    """Point `link` to a folder outside of home."""
    digest = hashlib.sha256(os.fsencode(link)).hexdigest()[:16]
    folder = root_home / digest
    _make_root_home(root_home)
    if not link.is_symlink():
        link.symlink_to(folder)
    log.warning("The home is closed to the user that runs Postgres; its data is in %s", folder)
    return folder


def _make_root_home(root_home: Path) -> None:
    root_home.mkdir(parents=True, exist_ok=True)
    root_home.chmod(0o755)

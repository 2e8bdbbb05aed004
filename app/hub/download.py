"""Fetching one file: going on where the last try ended, and believing nothing but its digest."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from huggingface_hub.file_download import http_get
from huggingface_hub.utils.tqdm import silent_tqdm

from app.errors import HubError
from app.hub.origin import Advance

CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the hub lists it."""

    path: str
    bytes: int
    sha256: str | None
    """Of a large file's content."""
    git_sha1: str | None
    """Of a small file, as git computes it."""

    def present(self, folder: Path) -> int:
        """Return how many of its bytes have been fetched already."""
        for path in (folder / self.path, _partial(folder / self.path)):
            if path.is_file():
                return min(path.stat().st_size, self.bytes)
        return 0

    def is_intact(self, path: Path) -> bool:
        """Whether a file on this machine is the one that the hub lists."""
        if not path.is_file() or path.stat().st_size != self.bytes:
            return False
        if self.sha256:
            return _digest(path, hashlib.sha256()) == self.sha256
        if self.git_sha1:
            start = hashlib.sha1(b"blob %d\0" % self.bytes, usedforsecurity=False)
            return _digest(path, start) == self.git_sha1
        return True


def download(
    url: str, headers: Mapping[str, str], file: RemoteFile, folder: Path, advance: Advance
) -> Path:
    """Fetch a file into a folder, under its own path.

    A connection that breaks is tried again some times. What came until then is kept, and the next
    call goes on from there.

    Raises:
        HubError: what came is not the file that the hub lists, or another command fetches it now.
        Exception: whatever the network stack raises.
    """
    target = folder / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.is_intact(target):
        advance(file.bytes)
        return target
    with _partial_file(target) as partial:
        have = partial.seek(0, os.SEEK_END)
        if have > file.bytes:
            have = 0
            partial.truncate(partial.seek(0))
        advance(have)
        sink = cast(BinaryIO, _Sink(partial, file, advance))
        http_get(
            url,
            sink,
            resume_size=have,
            headers=dict(headers),
            expected_size=file.bytes,
            tqdm_class=cast(Any, silent_tqdm),
        )
        partial.flush()
        if not file.is_intact(_partial(target)):
            _partial(target).unlink()
            raise HubError(
                f"{file.path} is not the file that the hub lists: its digest is another. What came "
                "has been thrown away; try again."
            )
        _partial(target).replace(target)
    return target


class _Sink:
    """A file that tells its progress and takes no more bytes than were promised."""

    def __init__(self, partial: BinaryIO, file: RemoteFile, advance: Advance) -> None:
        self._partial = partial
        self._file = file
        self._advance = advance

    def write(self, chunk: bytes) -> int:
        if self._partial.tell() + len(chunk) > self._file.bytes:
            self.truncate(self.seek(0))
            raise HubError(f"{self._file.path} is longer than the hub said; nothing of it is kept.")
        self._advance(len(chunk))
        return self._partial.write(chunk)

    def tell(self) -> int:
        return self._partial.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        before = self._partial.tell()
        after = self._partial.seek(offset, whence)
        self._advance(after - before)
        return after

    def truncate(self, size: int | None = None) -> int:
        return self._partial.truncate(size)


@contextmanager
def _partial_file(target: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(_partial(target), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with open(descriptor, "r+b") as partial:
        try:
            fcntl.flock(partial, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HubError(f"Another command is fetching {target.name} right now.") from None
        yield partial


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.partial")


def _digest(path: Path, digest: Any) -> str:
    with path.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            digest.update(chunk)
    return str(digest.hexdigest())

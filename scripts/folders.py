"""Folders that are either complete on the disk or not there at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = ".tmp-"


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `path`, as a whole, when the block ends well.

    Everything is synced before the rename and the rename itself after it, so a power cut leaves
    the finished folder or none. A block that fails leaves nothing behind.

    Raises:
        FileExistsError: `path` is there already: finished folders are never changed.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already, and finished folders are never changed")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f"{UNFINISHED}{path.name}-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        sync_tree(draft)
        draft.rename(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    sync(path.parent)


def remove_unfinished(parent: Path) -> list[str]:
    """Delete what killed writers left in `parent` and return the names."""
    left = sorted(path.name for path in parent.glob(f"{UNFINISHED}*"))
    for name in left:
        shutil.rmtree(parent / name)
    return left


def sync_tree(folder: Path) -> None:
    """Bring every file and folder below `folder`, and itself, to the disk."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)


def sync(path: Path) -> None:
    """Bring one file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that readers see the old content or the new, never a part."""
    draft = path.with_name(f"{UNFINISHED}{path.name}")
    draft.write_bytes(content)
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def digest(path: Path) -> str:
    """Return the sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

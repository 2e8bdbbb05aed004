"""Find the files that sources are read from, and read their bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import SourceUnreadable
from app.retrieval.parse import MEDIA_TYPES

MAX_FILES = 100_000
_IGNORED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file and the name its source is known by."""

    path: Path
    uri: str
    """The path from the root folder, or the whole path where it lies elsewhere."""


def source_uri(path: Path, root: Path) -> str:
    """Return the name of the source that is read from `path`."""
    whole, base = Path(os.path.abspath(path)), Path(os.path.abspath(root))
    shown = whole.relative_to(base) if whole.is_relative_to(base) else whole
    # A name that is no Unicode could neither be stored nor shown.
    return os.fsencode(shown.as_posix()).decode("utf-8", errors="replace")


def is_below(uri: str, top: str) -> bool:
    """Tell whether a source is the one named `top`, or lies in the folder of that name."""
    return uri == top or uri.startswith(f"{top.rstrip('/')}/") or (top == "." and uri[0] != "/")


def is_gone(uri: str, root: Path) -> bool:
    """Tell whether the file of a source is certainly not there any more."""
    return "\ufffd" not in uri and not Path(root, uri).exists()


def find_files(paths: Sequence[Path], root: Path) -> list[SourceFile]:
    """Return the named files, and those in the named folders that hold a known format.

    Folders are searched through to the bottom, without hidden files and without following
    links. A path that does not exist is returned too: reading it says what is wrong.

    Raises:
        SourceUnreadable: there are more than `MAX_FILES`.
    """
    found: dict[str, SourceFile] = {}
    for path in paths:
        for file in _walk(path) if path.is_dir() else [path]:
            uri = source_uri(file, root)
            found.setdefault(uri, SourceFile(file, uri))
            if len(found) > MAX_FILES:
                raise SourceUnreadable(f"There are more than {MAX_FILES:,} files: name fewer.")
    return list(found.values())


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Return a regular file's content.

    Raises:
        SourceUnreadable: it is missing, no regular file, too large or may not be read.
    """
    try:
        # Without O_NONBLOCK the mere opening of a named pipe would wait for ever.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SourceUnreadable("is not a regular file")
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise SourceUnreadable((error.strerror or "cannot be read").lower()) from error
    if len(content) > max_bytes:
        raise SourceUnreadable(f"larger than {max_bytes:,} bytes")
    return content


def _walk(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if n[0] != "." and n not in _IGNORED_FOLDERS)
        for name in sorted(names):
            path = Path(base, name)
            is_known = name[0] != "." and path.suffix.lower() in MEDIA_TYPES
            if is_known and not path.is_symlink():
                yield path

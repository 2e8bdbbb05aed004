"""What installations take on disk."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

SERVING = Path("requirements/cpu.txt")
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def folder_mb(folder: Path) -> float:
    """Return the size of a folder's files in MB."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def serving_mb() -> float:
    """Return the size of the packages that serving needs, in MB; those that are installed."""
    names = _PINNED.findall(SERVING.read_text(encoding="utf-8"))
    return sum(map(_package_mb, names))


def _package_mb(name: str) -> float:
    try:
        places = [Path(str(file.locate())) for file in files(name) or ()]
    except PackageNotFoundError:
        return 0.0
    return sum(place.stat().st_size for place in places if place.is_file()) / 1e6

"""A model in a folder of this machine: Hugging Face's form, or that of onnxruntime-genai."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from app.bundles.manifest import Source
from app.errors import BundleError
from app.hub.origin import Advance

MAX_FILES = 10_000
MAX_CARD_BYTES = 2**20
_LICENCE = re.compile(r"^license:[ \t]*([\w .+-]+?)[ \t]*$", re.MULTILINE)


class ModelFolder:
    """The files of a folder (implements `app.hub.Origin`)."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.name = folder.name
        self._folder = folder
        self._root = root
        self.licence = _licence(folder / "README.md")
        self.files: Mapping[str, int] = MappingProxyType(
            {path.relative_to(folder).as_posix(): path.stat().st_size for path in _walk(folder)}
        )

    def fetch(self, paths: Sequence[str], advance: Advance) -> Mapping[str, Path]:
        """See `Origin`; a link must not lead out of the folder."""
        found = {}
        for path in paths:
            real = (self._folder / path).resolve()
            if not real.is_relative_to(self._root):
                raise BundleError(f"{path} is a link that leads out of {self._folder}.")
            found[path] = real
            advance(self.files[path])
        return found

    def source(self, graph: str) -> Source | None:
        """Say nothing: nobody else can find this folder."""

    def forget(self) -> None:
        """Leave the folder as it is."""


def open_folder(folder: Path) -> ModelFolder:
    """Look at a model's folder.

    Links may lead around inside it, and in a snapshot of Hugging Face's cache to the blobs of the
    same repository, which is where all its files are.

    Raises:
        BundleError: it is no folder, or holds too many files.
    """
    real = folder.resolve()
    if not real.is_dir():
        raise BundleError(f"{folder} is not a folder.")
    is_snapshot = real.parent.name == "snapshots" and (real.parent.parent / "blobs").is_dir()
    return ModelFolder(real, real.parent.parent if is_snapshot else real)


def _walk(folder: Path) -> Iterator[Path]:
    count = 0
    for here, _, names in os.walk(folder, followlinks=False):
        for name in names:
            path = Path(here, name)
            count += 1
            if count > MAX_FILES:
                raise BundleError(f"{folder} holds more than {MAX_FILES} files: no model does.")
            if path.is_file():
                yield path


def _licence(card: Path) -> str:
    """Return the licence that the head of a model card names."""
    if not card.is_file():
        return ""
    with card.open("rb") as file:
        text = file.read(MAX_CARD_BYTES).decode("utf-8", "replace")
    head = text.split("---", 2)[1] if text.startswith("---") and text.count("---") > 1 else ""
    told = _LICENCE.search(head)
    return told[1] if told else ""

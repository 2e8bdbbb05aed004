"""The files of a bundle against its manifest."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from app.bundles.manifest import MANIFEST, MODEL, TOKENIZER, File, Manifest
from app.bundles.onnx_file import OnnxFile, read_onnx_file
from app.errors import BundleError

SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
SAFE_KIND = re.compile(
    r".*(\.(onnx|data|onnx_data(_\d+)?|json|safetensors|md|txt|svg|png|jinja)|/?LICENSE|/?NOTICE)"
)
ELEMENTS_PER_BYTE = 4
"""The densest type of ONNX packs four numbers into a byte."""


def check_files(folder: Path, manifest: Manifest, max_bytes: int) -> None:
    """Compare names, kinds, sizes and digests of all files, cheapest check first.

    Raises:
        BundleError: a file is missing, unlisted, unsafe or not what the manifest says.
    """
    for needed in (MODEL, TOKENIZER):
        if needed not in manifest.files:
            raise BundleError(f"{MANIFEST} does not list {needed}")
    total = sum(file.bytes for file in manifest.files.values())
    if total > max_bytes:
        raise BundleError(f"its files have {total} bytes, more than the {max_bytes} allowed")
    for name in manifest.files:
        _check_name(name)
    for name in _walk(folder):
        if name != MANIFEST and name not in manifest.files:
            raise BundleError(f"{name!r} is not listed in {MANIFEST}: remove it")
    for name, file in manifest.files.items():
        _check_file(folder, name, file)


def check_graphs(folder: Path, manifest: Manifest) -> OnnxFile:
    """Check that the graphs read weights from listed files only; return the main graph.

    Raises:
        BundleError: a graph is unreadable, reaches outside, or claims more than its files hold.
    """
    graphs = [name for name in manifest.files if name.endswith(".onnx")]
    found = {name: read_onnx_file(folder / name) for name in graphs}
    for name, graph in found.items():
        room = manifest.files[name].bytes
        for location, offset, length in graph.external:
            held = manifest.files.get(location)
            if held is None or "/" in name:
                raise BundleError(f"{name} reads weights from {location!r}, which is not listed")
            if not 0 <= offset <= offset + length <= held.bytes:
                raise BundleError(f"{name} reads behind the end of {location}")
            room = max(room, held.bytes)
        if graph.elements > room * ELEMENTS_PER_BYTE:
            raise BundleError(f"{name} claims a tensor larger than its file")
    return found[MODEL]


def _check_name(name: str) -> None:
    if not SAFE_NAME.fullmatch(name):
        raise BundleError(f"{name!r} is not a safe file name")
    if not SAFE_KIND.fullmatch(name):
        raise BundleError(f"{name!r} is not of a kind that a bundle may hold")


def _check_file(folder: Path, name: str, file: File) -> None:
    path = folder / name
    if not path.exists():
        raise BundleError(f"{name} is missing")
    size = path.stat().st_size
    if size != file.bytes:
        raise BundleError(f"{name} has {size} bytes instead of {file.bytes}")
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    if digest != file.sha256:
        raise BundleError(f"{name} is damaged: its sha256 is not the manifest's")


def _walk(folder: Path) -> Iterator[str]:
    """Yield all files' names relative to the folder; links out and odd things are refused."""
    for here, folders, files in os.walk(folder, followlinks=False):
        for name in (*folders, *files):
            path = Path(here, name)
            relative = path.relative_to(folder).as_posix()
            _check_kind(folder, path, relative)
            if name in files:
                yield relative


def _check_kind(folder: Path, path: Path, name: str) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        real = path.resolve()
        if not (real.is_relative_to(folder) and real.is_file()):
            raise BundleError(f"{name!r} is a link that leads out of the bundle")
    elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise BundleError(f"{name!r} is neither a file nor a folder")

"""Finding a bundle, and opening it only when everything in it is as its manifest says."""

from __future__ import annotations

import hashlib
import mmap
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from app.bundles.files import check_files, check_graphs
from app.bundles.manifest import MANIFEST, Manifest
from app.bundles.onnx_file import OnnxFile
from app.errors import BundleError

MAX_BUNDLE_BYTES = 32 * 2**30
MAX_MANIFEST_BYTES = 2**20
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle."""

    name: str
    version: str
    path: Path
    """Its folder, with all links resolved."""
    manifest: Manifest
    graph: OnnxFile
    """What `model.onnx` uses and reads."""

    @property
    def reference(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    def read(self, file: str) -> bytes:
        """Return a file's bytes, checked once more: what was verified is what is used.

        Raises:
            BundleError: the file has changed since it was verified.
        """
        content = (self.path / file).read_bytes()
        if hashlib.sha256(content).hexdigest() != self.manifest.files[file].sha256:
            raise BundleError(f"bundle {self.reference}: {file} changed while it was loaded")
        return content

    def view(self, file: str) -> memoryview:
        """Return a file's bytes as `read` does, but mapped: memory that the system may take back.

        Raises:
            BundleError: the file has changed since it was verified.
        """
        with (self.path / file).open("rb") as opened:
            mapped = memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))
        if hashlib.sha256(mapped).hexdigest() != self.manifest.files[file].sha256:
            raise BundleError(f"bundle {self.reference}: {file} changed while it was loaded")
        return mapped


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """A bundle as it lies in the folder, not verified."""

    name: str
    version: str
    path: Path
    manifest: Manifest | None
    problem: str = ""
    """Why there is no manifest."""


def load_bundle(models_dir: Path, reference: str, *, max_bytes: int = MAX_BUNDLE_BYTES) -> Bundle:
    """Verify the bundle `name@version`, or the newest version of `name`.

    Args:
        models_dir: holds the bundles, as `<name>/<version>/`.
        reference: names and versions are lower-case letters, digits, dots, dashes, underscores.
        max_bytes: the most that the files of one bundle may have together.

    Raises:
        BundleError: there is none, or its files are not exactly what its manifest says.
    """
    name, version = parse_reference(reference)
    root = models_dir.resolve()
    version = version or _newest(root, name)
    try:
        folder = _inside(root, root / name / version)
        manifest = _read_own_manifest(folder, name, version)
        check_files(folder, manifest, max_bytes)
        graph = check_graphs(folder, manifest)
    except BundleError as error:
        raise BundleError(f"bundle {name}@{version}: {error.message}") from error
    except OSError as error:
        raise BundleError(f"bundle {name}@{version}: {error.strerror or error}") from error
    return Bundle(name, version, folder, manifest, graph)


def list_bundles(models_dir: Path) -> list[BundleEntry]:
    """Return every bundle in the folder, by name, newest version first; nothing is verified."""
    names = sorted(path.name for path in _folders(models_dir) if NAME.fullmatch(path.name))
    return [
        _entry(models_dir, name, version)
        for name in names
        for version in _versions(models_dir, name)
    ]


def parse_reference(reference: str) -> tuple[str, str]:
    """Split `name` or `name@version`; a missing version is empty.

    Raises:
        BundleError: it is malformed.
    """
    name, at, version = reference.partition("@")
    if not NAME.fullmatch(name) or (at and not NAME.fullmatch(version)):
        raise BundleError(
            f"{reference[:100]!r} does not name a bundle: write name or name@version, in "
            "lower-case letters, digits, dots, dashes and underscores"
        )
    return name, version


def read_manifest(folder: Path) -> Manifest:
    """Read a bundle's manifest; its files are not looked at.

    Raises:
        BundleError: it is missing, too large or malformed.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise BundleError(f"there is no {MANIFEST} in {folder}")
    if _inside(folder, path).stat().st_size > MAX_MANIFEST_BYTES:
        raise BundleError(f"{MANIFEST} has more than {MAX_MANIFEST_BYTES} bytes")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BundleError(f"{MANIFEST}, {where}: {first['msg']}") from error


def _read_own_manifest(folder: Path, name: str, version: str) -> Manifest:
    manifest = read_manifest(folder)
    if (manifest.name, manifest.version) != (name, version):
        raise BundleError(f"its manifest says {manifest.name}@{manifest.version}")
    return manifest


def _entry(models_dir: Path, name: str, version: str) -> BundleEntry:
    path = models_dir / name / version
    try:
        return BundleEntry(name, version, path, read_manifest(path))
    except BundleError as error:
        return BundleEntry(name, version, path, None, error.message)


def _inside(root: Path, path: Path) -> Path:
    """Resolve all links of a path that must stay under `root`."""
    real = path.resolve()
    if not real.is_relative_to(root.resolve()):
        raise BundleError(f"{path.name} is a link that leads out of {root}")
    return real


def _newest(root: Path, name: str) -> str:
    versions = _versions(root, name)
    if not versions:
        known = ", ".join(sorted({path.name for path in _folders(root)})) or "none"
        raise BundleError(f"there is no bundle {name!r} in {root}; there are: {known}")
    return versions[0]


def _versions(root: Path, name: str) -> list[str]:
    """Return a bundle's versions, newest first. A folder without manifest is not finished."""
    found = [
        path.name
        for path in _folders(root / name)
        if NAME.fullmatch(path.name) and (path / MANIFEST).is_file()
    ]
    return sorted(found, key=_age, reverse=True)


def _age(version: str) -> tuple[tuple[int, str], ...]:
    """Order versions as people do: 1.9 before 1.10."""
    parts = re.findall(r"\d+|[a-z]+", version)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_dir()]

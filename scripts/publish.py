"""Step 6, publish: put a bundle into a folder or S3-compatible storage, and get it back.

python -m scripts.publish push toxicity@1 --models models --to s3://my-models/penstock
python -m scripts.publish pull toxicity@1 --models models --from file:///srv/models

Files are stored under their own sha256 and never change; the manifest, which names them, is
stored last and once. A bundle that was cut off while it was published does not exist. Access to
S3 comes from the usual AWS_* environment.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from obstore.exceptions import AlreadyExistsError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url
from pydantic import ValidationError
from rich.console import Console
from rich.progress import track

from app.bundles import load_bundle, parse_reference
from app.bundles.files import SAFE_NAME
from app.bundles.manifest import MANIFEST, Manifest
from scripts.folders import new_folder


class NotPublished(Exception):
    """The storage does not hold this bundle."""


class Tampered(Exception):
    """What the storage holds is not what was published."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Push or pull one bundle."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for command, direction in (("push", "--to"), ("pull", "--from")):
        one = commands.add_parser(command)
        one.add_argument("bundle", help="name@version")
        one.add_argument("--models", type=Path, default=Path("models"))
        one.add_argument(direction, dest="url", required=True, help="file:///… or s3://…")
    options = parser.parse_args(arguments)
    store = open_store(options.url)
    if options.command == "push":
        push(store, options.models, options.bundle)
    else:
        pull(store, options.models, options.bundle)
    Console().print(f"{options.command}ed {options.bundle}")


def open_store(url: str) -> ObjectStore:
    """Open a folder (`file:///srv/models`) or object storage (`s3://bucket/prefix`)."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalStore(url2pathname(parts.path), mkdir=True)
    return from_url(url)


def push(store: ObjectStore, models: Path, reference: str) -> None:
    """Store a bundle; doing it again changes nothing.

    Raises:
        BundleError: the bundle is damaged.
        Tampered: another bundle of this name and version is there.
    """
    bundle = load_bundle(models, reference)
    for name, file in track(list(bundle.manifest.files.items()), "storing", transient=True):
        _create(store, _blob(file.sha256), bundle.read(name))
    manifest = (bundle.path / MANIFEST).read_bytes()
    key = _key(bundle.name, bundle.version)
    if not _create(store, key, manifest) and _read(store, key) != manifest:
        raise Tampered(f"{bundle.reference} is published already, with other content")


def pull(store: ObjectStore, models: Path, reference: str) -> Path:
    """Fetch a bundle into `models/<name>/<version>/` and verify it.

    Raises:
        NotPublished: there is none.
        Tampered: a file is missing or is not what the manifest says.
        FileExistsError: it is there already.
    """
    name, version = parse_reference(reference)
    content = _read(store, _key(name, version))
    if content is None:
        raise NotPublished(f"there is no {reference}")
    manifest = _manifest(content, reference)
    with new_folder(models / name / version) as folder:
        for file_name, file in track(list(manifest.files.items()), "fetching", transient=True):
            blob = _read(store, _blob(file.sha256))
            if blob is None or hashlib.sha256(blob).hexdigest() != file.sha256:
                raise Tampered(f"{reference}: {file_name} is not what was published")
            (folder / file_name).parent.mkdir(parents=True, exist_ok=True)
            (folder / file_name).write_bytes(blob)
        (folder / MANIFEST).write_bytes(content)
    return load_bundle(models, f"{name}@{version}").path


def _manifest(content: bytes, reference: str) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise Tampered(f"{reference}: its manifest cannot be read") from error
    if f"{manifest.name}@{manifest.version}" != reference:
        raise Tampered(f"{reference}: its manifest is of {manifest.name}@{manifest.version}")
    if not all(SAFE_NAME.fullmatch(name) for name in manifest.files):
        raise Tampered(f"{reference}: its manifest holds an unsafe file name")
    return manifest


def _create(store: ObjectStore, key: str, content: bytes) -> bool:
    """Store an object unless there is one; tells whether it did."""
    try:
        store.put(key, content, mode="create")
    except AlreadyExistsError:
        return False
    return True


def _read(store: ObjectStore, key: str) -> bytes | None:
    try:
        return bytes(store.get(key).bytes())
    except (NotFoundError, FileNotFoundError):
        return None


def _blob(sha256: str) -> str:
    return f"blobs/{sha256[:2]}/{sha256}"


def _key(name: str, version: str) -> str:
    return f"bundles/{name}/{version}/{MANIFEST}"


if __name__ == "__main__":
    main()

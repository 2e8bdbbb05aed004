"""Models that the settings name by a folder or a hub's repository: a bundle is made of each, once."""

from __future__ import annotations

import re
from pathlib import Path

import structlog

from app.bundles import list_bundles
from app.errors import BundleError
from app.hub import Hub, Origin, adopt, open_folder
from app.hub.adoption import Choice
from app.hub.variants import choose, find_variants
from app.runtime.hardware import expects_gpu
from app.settings import Settings

FOLDER = re.compile(r"[./~]")
"""How a folder's name begins; `models/toxic` without it would be a repository."""
COMMIT = re.compile(r"[0-9a-f]{7,64}")

log = structlog.get_logger(__name__)


def bundle_of(model: str, settings: Settings) -> str:
    """Return the bundle that a model's name stands for, and make it first if need be.

    A bundle's own name is returned as it is. A repository that has been made a bundle before, or
    the named commit of it, is not asked for again, so that a server starts without its hub; to
    take a newer one, use `penstock models pull`. There must be no event loop in this thread.

    Args:
        model: `name`, `name@version`, `./folder`, `/folder`, `OWNER/NAME` or `OWNER/NAME@REVISION`.
        settings: where bundles lie, and the hub.

    Raises:
        HubError: the repository cannot be fetched.
        BundleError: the model cannot be served, or its bundle cannot be written.
    """
    if FOLDER.match(model):
        return _adopted(open_folder(Path(model).expanduser()), settings)
    if "/" not in model:
        return model
    name, _, revision = model.partition("@")
    known = _known(name, revision, settings.models_dir)
    if known is not None:
        return known
    log.info("fetching_model", repository=name, revision=revision or "main")
    return _adopted(
        Hub(settings.hub, settings.home / "hub").repository(name, revision or None), settings
    )


def _adopted(origin: Origin, settings: Settings) -> str:
    variants = find_variants(origin.files)
    variant = choose(variants, "gpu" if expects_gpu(settings.runtime) else "cpu")
    try:
        return adopt(origin, Choice(variant, reuse=True), settings.models_dir, settings.runtime)
    except OSError as error:
        raise BundleError(
            f"No bundle can be made of {origin.name} in {settings.models_dir} ({error.strerror}). "
            "Make it elsewhere with `penstock models add` or `penstock models pull`, and name it."
        ) from error


def _known(repository: str, revision: str, models_dir: Path) -> str | None:
    """Return the newest bundle of a repository or commit; what a tag means, only the hub knows."""
    if revision and not COMMIT.fullmatch(revision):
        return None
    for entry in list_bundles(models_dir):
        source = entry.manifest.source if entry.manifest else None
        if source is None or source.repository != repository:
            continue
        if source.revision.startswith(revision):
            return f"{entry.name}@{entry.version}"
    return None

"""Bundles: `models/<name>/<version>/`, verified before anything in them is used."""

from app.bundles.bundle import (
    Bundle,
    BundleEntry,
    list_bundles,
    load_bundle,
    parse_reference,
    read_manifest,
)
from app.bundles.manifest import Manifest

__all__ = [
    "Bundle",
    "BundleEntry",
    "Manifest",
    "list_bundles",
    "load_bundle",
    "parse_reference",
    "read_manifest",
]

"""Finding ONNX Runtime: its CPU and GPU wheels install the same module, so exactly one may be."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from types import ModuleType

from app.errors import StartupError

DISTRIBUTIONS = ("onnxruntime", "onnxruntime-gpu")


@cache
def import_onnxruntime() -> ModuleType:
    """Import ONNX Runtime.

    Raises:
        StartupError: none of its distributions is installed, both are, or it cannot be loaded.
    """
    found = [name for name in DISTRIBUTIONS if _is_installed(name)]
    if not found:
        raise StartupError(
            "ONNX Runtime is not installed. Install one of the two: "
            "pip install 'penstock[cpu]', or 'penstock[gpu]' on a machine with an NVIDIA GPU."
        )
    if len(found) > 1:
        raise StartupError(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other. "
            "pip uninstall both, then install the one you want: 'penstock[cpu]' or 'penstock[gpu]'."
        )
    try:
        import onnxruntime
    except ImportError as error:
        raise StartupError(
            f"{found[0]} is installed but cannot be loaded ({error}). "
            f"Repair it: pip install --force-reinstall {found[0]}."
        ) from error
    module: ModuleType = onnxruntime
    module.disable_telemetry_events()
    return module


def _is_installed(distribution: str) -> bool:
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True

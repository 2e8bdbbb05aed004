"""Whether models will run on a GPU, guessed without opening one."""

from __future__ import annotations

from pathlib import Path

from app.runtime.distribution import import_onnxruntime
from app.runtime.graph import CUDA
from app.settings.model import RuntimeSettings

DRIVER = Path("/proc/driver/nvidia/version")


def expects_gpu(settings: RuntimeSettings, driver: Path = DRIVER) -> bool:
    """Tell whether graphs will most likely get a GPU; only an opened one knows for sure.

    Raises:
        StartupError: no ONNX Runtime is installed.
    """
    if settings.provider == "auto":
        return CUDA in import_onnxruntime().get_available_providers() and driver.exists()
    return settings.provider == "cuda"

"""The operator's choices: one `penstock.toml` plus `PENSTOCK_*` environment, read once."""

from app.settings.chain import Calibration, ChainEntry
from app.settings.model import (
    HubSettings,
    LimitSettings,
    RecorderSettings,
    RetentionSettings,
    RetrievalSettings,
    RuntimeSettings,
    Settings,
)
from app.settings.source import load_settings

__all__ = [
    "Calibration",
    "ChainEntry",
    "HubSettings",
    "LimitSettings",
    "RecorderSettings",
    "RetentionSettings",
    "RetrievalSettings",
    "RuntimeSettings",
    "Settings",
    "load_settings",
]

"""The operator's choices: one `penstock.toml` plus `PENSTOCK_*` environment, read once."""

from app.settings.model import (
    ChainEntry,
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

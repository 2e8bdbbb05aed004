"""The recorder: no answered exchange is ever lost."""

from app.recorder.drain_thread import OpenStore
from app.recorder.drainer import Store
from app.recorder.recorder import Recorder

__all__ = ["OpenStore", "Recorder", "Store"]

"""Decoder graphs of every export, brought into one of two forms when they are loaded."""

from app.engine.graphs.layout import Cache, DecoderLayout, PositionIds

__all__ = ["Cache", "DecoderLayout", "PositionIds"]

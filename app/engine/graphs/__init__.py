"""Decoder graphs of every export, brought into one of two forms when they are loaded.

`app.engine.graphs.opening.open_decoder` opens a bundle's graph; `layout` says what it then takes.
"""

from app.engine.graphs.layout import Cache, DecoderLayout, PositionIds

__all__ = ["Cache", "DecoderLayout", "PositionIds"]

"""Models from elsewhere: fetched from a hub or taken from a folder, checked, written as bundles.

Nothing of a foreign model is run but its ONNX graph and its prompt template, which is sandboxed.
Only files that a bundle needs are fetched or read: no pickles, no code.
"""

from app.hub.adoption import adopt
from app.hub.folder import open_folder
from app.hub.origin import Origin, Variant
from app.hub.repository import Hub

__all__ = ["Hub", "Origin", "Variant", "adopt", "open_folder"]

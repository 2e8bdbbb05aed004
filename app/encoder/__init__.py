"""Encoders: classifiers and the embedder, shared by filters, retrieval and engines."""

from app.encoder.classifier import TextClassifier, open_classifier
from app.encoder.embedder import TextEmbedder, open_embedder
from app.encoder.encoder import Encoder

__all__ = ["Encoder", "TextClassifier", "TextEmbedder", "open_classifier", "open_embedder"]

"""Encoders: classifiers and the embedder, shared by filters, retrieval and engines."""

from app.encoder.classifier import TextClassifier, open_classifier
from app.encoder.embedder import TextEmbedder, open_embedder
from app.encoder.encoder import Encoder, EncoderModel
from app.encoder.memo import begin_memo
from app.encoder.token_classifier import TextTokenClassifier, open_token_classifier

__all__ = [
    "Encoder",
    "EncoderModel",
    "TextClassifier",
    "TextEmbedder",
    "TextTokenClassifier",
    "begin_memo",
    "open_classifier",
    "open_embedder",
    "open_token_classifier",
]

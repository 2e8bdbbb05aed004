"""Scores as the server computes them: the bundle is opened by the server's own code."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import numpy as np
import structlog

from app.bundles import Bundle
from app.encoder import open_classifier
from app.encoder.tokens import Text
from app.settings.model import RuntimeSettings
from filters._text.model_text import readings
from scripts.corpus.row import Row
from scripts.evaluation.measures import Scores

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

SETTINGS = RuntimeSettings(provider="cpu", threads=1)
AT_ONCE = 32


def scores_of(bundle: Bundle, rows: Sequence[Row]) -> Scores:
    """Return a row of label scores for each text or pair."""
    return asyncio.run(_scores_of(bundle, rows))


async def _scores_of(bundle: Bundle, rows: Sequence[Row]) -> Scores:
    classifier = open_classifier(bundle, SETTINGS)
    try:
        texts = [_text(row) for row in rows]
        parts = [
            await classifier.scores(texts[at : at + AT_ONCE])
            for at in range(0, len(texts), AT_ONCE)
        ]
    finally:
        await classifier.close()
    return np.concatenate(parts)


def _text(row: Row) -> Text:
    if row.pair is not None:
        return row.text, row.pair
    return (readings(row.text) or [row.text])[-1]

"""Read what stands for characters in HTML and Markdown, as a page that shows the text will."""

from __future__ import annotations

import re
from html import unescape

import numpy as np

from filters._text.normalise import Normalised, as_written

_ENTITY = re.compile(
    r"&(?:\#\d{1,7}|\#x[0-9a-f]{1,6}|amp|bsol|colon|commat|num|period|quest|sol);", re.IGNORECASE
)
"""Numbers, and the names of the signs that addresses are made of."""


def read_entities(text: str) -> Normalised:
    """Return the text with the characters that are meant, each of which knows where it came from."""
    if "&" not in text:
        return as_written(text)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for entity in [*_ENTITY.finditer(text), None]:
        stop = entity.start() if entity else len(text)
        pieces.append(text[at:stop])
        starts += range(at, stop)
        ends += range(at + 1, stop + 1)
        if entity is None:
            break
        at = entity.end()
        meant = unescape(entity[0])
        pieces.append(meant)
        starts += [stop] * len(meant)
        ends += [at] * len(meant)
    return Normalised("".join(pieces), lambda: (np.array(starts), np.array(ends)))

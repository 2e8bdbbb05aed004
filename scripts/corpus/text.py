"""Mending a row's text without losing the places of its answers."""

from __future__ import annotations

import re
import unicodedata

import ftfy

from scripts.corpus.row import Row

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\ufeff\ufffd\ud800-\udfff]")
_SPACES = re.compile(r"[ \t\u00a0]{2,}")


def mended(text: str) -> str:
    """Return the text with broken encoding repaired, NFC, without control characters."""
    fixed = ftfy.fix_text(text, normalization="NFC", unescape_html=True)
    return _SPACES.sub(" ", _CONTROL.sub("", fixed)).strip()


def mended_row(row: Row) -> Row | None:
    """Mend both texts of a row; None if an answer's place cannot be found again."""
    text = mended(row.text)
    if row.pair is None:
        return row.model_copy(update={"text": text})
    pair = mended(row.pair)
    spans = []
    for start, end in row.spans:
        answer = mended(row.pair[start:end])
        place = _nearest(pair, answer, start)
        if not answer or place is None:
            return None
        spans.append((place, place + len(answer)))
    return row.model_copy(update={"text": text, "pair": pair, "spans": tuple(spans)})


def latin_share(text: str) -> float:
    """Return the share of Latin letters among all letters; 1 for a text without letters."""
    letters = [char for char in text if char.isalpha()]
    if not letters:
        return 1.0
    latin = sum(unicodedata.name(char, "").startswith("LATIN") for char in letters)
    return latin / len(letters)


def _nearest(text: str, part: str, near: int) -> int | None:
    """Return the place of `part` that is closest to where it stood before."""
    places = [match.start() for match in re.finditer(re.escape(part), text)]
    return min(places, key=lambda place: abs(place - near), default=None)

"""Any Python text in Postgres, and back without loss.

Postgres text holds neither NUL nor lone surrogates, and its JSON no NaN. Such values are
stored cleaned, for people and for the search, and the row's column `originals` keeps what
they were.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_STRICT = json.JSONEncoder(ensure_ascii=False, allow_nan=False)

Row = dict[str, Any]


def clean(text: str) -> str:
    """Return the text with everything replaced that Postgres cannot hold."""
    return text if _is_storable(text) else UNSTORABLE.sub(REPLACEMENT, text)


def pack(texts: Mapping[str, str | None], values: Mapping[str, Any]) -> Row:
    """Return the columns for some texts and some JSON values, with `originals`."""
    row: Row = {}
    originals: Row = {}
    for name, text in texts.items():
        row[name] = None if text is None else clean(text)
        if row[name] != text:
            originals[name] = text
    for name, value in values.items():
        row[name], is_exact = _dump(value)
        if not is_exact:
            originals[name] = value
    row["originals"] = _encode(originals) if originals else None
    return row


def unpack(row: Mapping[str, Any]) -> Row:
    """Return the columns as they were given to `pack`, beside all others of the row."""
    kept = row["originals"]
    # Not through ASCII escapes: two surrogates beside each other would become one character.
    originals = json.loads(kept.decode("utf-8", "surrogatepass")) if kept else {}
    return {**row, **originals}


def _is_storable(text: str) -> bool:
    """Tell, for most texts at once: whether one is ASCII is known without reading it."""
    return (text.isascii() and "\0" not in text) or not UNSTORABLE.search(text)


def _encode(originals: Row) -> bytes:
    return json.dumps(originals, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _dump(value: Any) -> tuple[str, bool]:
    """Return JSON that Postgres takes, and whether it says all."""
    try:
        written = _STRICT.encode(value)
    except ValueError:  # NaN, or infinite
        written = ""
    if written and r"\u0000" not in written and _is_storable(written):
        return written, True
    cleaned = _clean_value(value)
    return _STRICT.encode(cleaned), cleaned == value


def _clean_value(value: Any) -> Any:
    match value:
        case str():
            return clean(value)
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {clean(key): _clean_value(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean_value(item) for item in value]
    return value

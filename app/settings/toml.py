"""Write settings as TOML, with secrets masked and, on demand, every key explained."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

MASK = "***"

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SECRET_PARAMETER = re.compile(r"((?:ssl)?password=)[^&]*", re.IGNORECASE)


def scalar(value: Any) -> str:
    """Write one value as TOML; what is not set is an empty text."""
    if value is None:
        return ""
    if isinstance(value, Enum):
        return scalar(value.value)
    if isinstance(value, dict):
        entries = ", ".join(f"{key(name)} = {scalar(item)}" for name, item in value.items())
        return f"{{ {entries} }}" if entries else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(scalar, value)) + "]"
    if isinstance(value, set | frozenset):
        return scalar(sorted(value, key=str))
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, SecretStr):
        return scalar(masked_url(value.get_secret_value()))
    # JSON and TOML escape texts alike, but for one character.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """Write one key, quoted if it must be."""
    return name if _BARE_KEY.fullmatch(name) else scalar(name)


def masked_url(url: str) -> str:
    """Replace every password in a database URL.

    What is not understood is masked as a whole.
    """
    try:
        parts = urlsplit(url)
        user, port, host = parts.username, parts.port, parts.hostname or ""
    except ValueError:
        return MASK
    if "://" not in url or "@" in parts.path + parts.query + parts.fragment:
        return MASK
    login = "" if user is None else f"{user}@" if parts.password is None else f"{user}:{MASK}@"
    where = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    query = _SECRET_PARAMETER.sub(rf"\1{MASK}", f"?{parts.query}" if parts.query else "")
    return f"{parts.scheme}://{login}{where}{parts.path}{query}"


def comment(text: str) -> Iterator[str]:
    """Yield a text as comment lines."""
    return (f"# {line}" for line in text.splitlines())

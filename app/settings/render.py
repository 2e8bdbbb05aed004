"""Show the effective settings: as TOML that could be read again, or as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from app.settings.group import Group
from app.settings.model import Settings
from app.settings.origin import Origin, variable
from app.settings.reference import groups, row
from app.settings.toml import comment, masked_url, scalar


def to_toml(settings: Settings, *, explain: bool = False) -> str:
    """Write the settings as TOML, secrets masked; `explain` adds meanings and origins."""
    origin = settings.origin if explain else None
    lines = [*_group(settings, (), origin)]
    for index, entry in enumerate(settings.chain):
        lines += ["", "[[chain]]"]
        if origin:
            lines.append(f"# {origin.locate(('chain', index))}")
        # What a key of the chain means is said once, on the first filter.
        explained = Origin() if origin and index == 0 else None
        lines += _group(entry, ("chain",), explained)
    return "\n".join(lines).strip() + "\n"


def to_values(group: Group) -> dict[str, Any]:
    """Return a group as values that JSON knows, secrets masked."""
    return {name: _plain(getattr(group, name)) for name in type(group).model_fields}


def _group(group: Group, path: tuple[str, ...], origin: Origin | None) -> Iterator[str]:
    inner = groups(type(group))
    for name in type(group).model_fields:
        if name not in inner and name != "chain":
            if origin:
                yield from _explain(group, (*path, name), origin)
            value = scalar(getattr(group, name))
            yield f"{name} = {value}" if value else f"# {name} is not set"
    for name in inner:
        yield from ("", f"[{'.'.join((*path, name))}]")
        yield from _group(getattr(group, name), (*path, name), origin)


def _explain(group: Group, path: tuple[str, ...], origin: Origin) -> Iterator[str]:
    described = row(path, type(group).model_fields[path[-1]])
    yield ""
    yield from comment(described.meaning)
    facts = [described.allowed, f"default {described.default}" if described.default else ""]
    if path[0] != "chain":
        written = origin.mentions(path)
        facts.append(f"set by {origin.locate(path)}" if written else variable(path))
    yield from comment("; ".join(filter(None, facts)))


def _plain(value: Any) -> Any:
    match value:
        case Group():
            return to_values(value)
        case SecretStr():
            return masked_url(value.get_secret_value())
        case Enum():
            return value.value
        case Path():
            return str(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {name: _plain(item) for name, item in value.items()}
    return value

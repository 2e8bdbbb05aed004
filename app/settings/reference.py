"""What settings there are: their keys, defaults, allowed values and meanings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from app.settings.chain import ChainEntry
from app.settings.group import Group
from app.settings.model import Settings
from app.settings.toml import scalar


@dataclass(frozen=True, slots=True)
class Row:
    """One setting."""

    path: tuple[str, ...]
    default: str
    """As TOML; empty if there is none."""
    allowed: str
    """What it may be, in words; empty if its type says all."""
    meaning: str
    is_required: bool


def rows() -> Iterator[Row]:
    """Yield every setting, in the order of the file; a chain entry's keys come last."""
    yield from _rows_of(Settings, ())
    yield from _rows_of(ChainEntry, ("chain",))


def groups(group: type[Group]) -> dict[str, type[Group]]:
    """Return the named groups inside a group."""
    return {
        name: field.annotation
        for name, field in group.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group)
    }


def row(path: tuple[str, ...], field: FieldInfo) -> Row:
    """Describe one setting."""
    default = "" if field.is_required() else scalar(field.get_default(call_default_factory=True))
    meaning = " ".join((field.description or "").split())
    return Row(path, default, _allowed(field), meaning, field.is_required())


def _rows_of(group: type[Group], path: tuple[str, ...]) -> Iterator[Row]:
    inner = groups(group)
    for name, field in group.model_fields.items():
        if name not in inner and name != "chain":
            yield row((*path, name), field)
    for name, part in inner.items():
        yield from _rows_of(part, (*path, name))


def _allowed(field: FieldInfo) -> str:
    return ", ".join([*_choices(field.annotation), *filter(None, map(_bound, field.metadata))])


def _choices(annotation: object) -> Iterator[str]:
    """Yield the words that a type allows."""
    if get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _choices(member)
    elif get_origin(annotation) is Mapping:
        yield "a table"
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from (str(choice.value) for choice in annotation)


def _bound(limit: object) -> str:
    match limit:
        case annotated_types.Gt(value):
            return f"> {value}"
        case annotated_types.Ge(value):
            return f"≥ {value}"
        case annotated_types.Le(value):
            return f"≤ {value}"
        case annotated_types.Lt(value):
            return f"< {value}"
    return ""

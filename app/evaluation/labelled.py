"""Labelled texts from a file of JSON lines; what is wrong is told by line, never by its text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import InvalidRequest

MOST_ROWS = 1_000_000
LONGEST_LINE = 4_000_000
"""In bytes."""


class Labelled(BaseModel):
    """A text of which it is known whether it is bad."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    text: str = Field(min_length=1)
    bad: bool
    question: str = ""
    """What the text answers, for filters of the output stage."""
    passages: tuple[str, ...] = Field((), strict=False)
    instructions: tuple[str, ...] = Field((), strict=False)
    """What the system messages tell the model."""
    group: str = Field("", max_length=64)
    """What else it belongs to: a language, a source, a kind of attack."""


def read_labelled(path: Path) -> list[Labelled]:
    """Read all rows; empty lines are skipped.

    Raises:
        InvalidRequest: the file cannot be read, holds no row, or a line is not such a row; names
            the line and the field, and never repeats the text.
    """
    try:
        with path.open("rb") as file:
            rows = [_row(line, number, path) for number, line in _lines(file, path)]
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.") from error
    if not rows:
        raise InvalidRequest(f"{path} holds no rows.")
    return rows


def _lines(file: Iterator[bytes], path: Path) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(file, 1):
        if number > MOST_ROWS:
            raise InvalidRequest(f"{path} has more than {MOST_ROWS:,} lines.")
        if len(line) > LONGEST_LINE:
            raise InvalidRequest(
                f"{path}:{number}: the line is longer than {LONGEST_LINE:,} bytes."
            )
        if line.strip():
            yield number, line


def _row(line: bytes, number: int, path: Path) -> Labelled:
    try:
        return Labelled.model_validate(json.loads(line))
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except json.JSONDecodeError as error:
        reason = f"it is not JSON (column {error.colno})"
    except RecursionError:
        reason = "it is nested too deeply"
    except ValidationError as error:
        reason = _reason(error)
    # Raised out here: the errors above hold the line, and a traceback would show it.
    raise InvalidRequest(f"{path}:{number}: {reason}.")


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "extra_forbidden":
        return f"it has a key that is none of {', '.join(Labelled.model_fields)}"
    if not first["loc"]:
        return "it is not a JSON object"
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"

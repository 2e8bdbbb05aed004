"""Labelled texts from a file of JSON lines; what is wrong is told by line, never by its text."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import InvalidRequest

MOST_ROWS = 1_000_000
MOST_GROUPS = 100
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


class LabelledTexts:
    """The rows of a file, of which no more than one is held at a time.

    The file is read through at once, so that nothing is judged of one that has a bad line at its
    end; iterating reads it again, as often as wanted.
    """

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file = file
        self._path = path
        groups: set[str] = set()
        self.count = 0
        """How many rows there are."""
        for row in self:
            self.count += 1
            groups.add(row.group)
            if len(groups) > MOST_GROUPS:
                raise InvalidRequest(f"{path} has more than {MOST_GROUPS} groups.")
        if not self.count:
            raise InvalidRequest(f"{path} holds no rows.")

    def __iter__(self) -> Iterator[Labelled]:
        self._file.seek(0)
        for number, line in _lines(self._file, self._path):
            yield _row(line, number, self._path)


@contextmanager
def open_labelled(path: Path) -> Iterator[LabelledTexts]:
    """Open a file of labelled texts, or a pipe of them; empty lines are skipped.

    Raises:
        InvalidRequest: the file cannot be read, holds no row or too many, or a line is not such a
            row; names the line and the field, and never repeats the text.
    """
    with _opened(path) as file:
        yield LabelledTexts(file, path)


def _opened(path: Path) -> IO[bytes]:
    """Return a file that can be read twice; of a pipe that is a copy."""
    try:
        given = path.open("rb")
        if given.seekable():
            return given
        with given:
            copied = tempfile.TemporaryFile()  # noqa: SIM115 (whoever reads it closes it)
            shutil.copyfileobj(given, copied)
            return copied
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.") from error


def _lines(file: IO[bytes], path: Path) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), 1):
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
    except ValueError as error:
        reason = _reason(error)
    # Raised out here: the errors above hold the line, and a traceback would show it.
    raise InvalidRequest(f"{path}:{number}: {reason}.")


def _reason(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return "it holds a number that is too long"
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "extra_forbidden":
        return f"it has a key that is none of {', '.join(Labelled.model_fields)}"
    if not first["loc"]:
        return "it is not a JSON object"
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"

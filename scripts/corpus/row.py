"""One training row, the same for every task, and its JSONL files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_SAYING = re.compile(r"\w+|[^\w\s\x00-\u2fff]|[\u2600-\u27bf]")


class BadRows(Exception):
    """A file of rows is malformed; the message names the line."""


class Row(BaseModel):
    """A text, or a pair of texts, with what people say about it.

    - Toxicity: `text`; a label's value is the share of people who see it. A missing label was
      not asked for.
    - Grounding: `text` is the passage, `pair` the claim. A label is 1 when it holds, 0 when it
      is ruled out.
    - Answer: `text` is the question, `pair` the passage, `spans` all the answers in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = ""
    licence: str = ""
    group: str
    """Rows of one group (a conversation, a document) are never split between train and test."""
    text: str
    pair: str | None = None
    labels: dict[str, float] = Field(default_factory=dict)
    spans: tuple[tuple[int, int], ...] = ()
    """Answers as `[start, end)` in the passage; none means the passage holds no answer."""
    loose: bool = False
    """The spans only hold the answer somewhere; they are not the answer itself."""

    @property
    def full_text(self) -> str:
        """Both texts as one."""
        return self.text if self.pair is None else f"{self.text}\n{self.pair}"

    @property
    def digest(self) -> str:
        """Sha256 of the text without case, space and punctuation: equal for exact duplicates."""
        return hashlib.sha256(plain(self.full_text).encode()).hexdigest()


def plain(text: str) -> str:
    """Return words and pictures only, in lower case, for comparing texts."""
    return " ".join(_SAYING.findall(text.casefold()))


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as JSONL and return how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row.model_dump(exclude_defaults=True), ensure_ascii=True) + "\n")
            count += 1
    return count


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a JSONL file.

    Raises:
        BadRows: a line is not a row.
    """
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield Row.model_validate_json(line)
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                where = ".".join(map(str, first["loc"]))
                raise BadRows(f"{path}, line {number}: {where} {first['msg']}") from error

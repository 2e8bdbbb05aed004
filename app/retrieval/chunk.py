"""Cut a document into passages along its structure.

A passage never reaches over a heading. Paragraphs stay whole where they fit, sentences always;
a list, a table or code stays with the sentence that introduces it, and where it has to be
divided that sentence is said again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, zip_longest
from uuid import UUID, uuid5

from app.retrieval.document import Block, Document, Kind
from filters._text.sentences import sentences

VERSION = 1
"""Raised when the same document would be cut another way."""
BOUND = 2
"""No passage is longer than this many times the length aimed at."""

_NAMESPACE = UUID("c2a3f1de-6d55-5d0c-9b2c-6d9f1f0a7e35")
_LEAD_SHARE = 3
"""A sentence longer than a third of a passage is not said again."""
_TITLE_CHARS = 300


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage before it is embedded."""

    id: UUID
    """The same for the same text at the same place of the same source."""
    title: str
    """The document's title and the headings above the text, outermost first."""
    position: int
    text: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A paragraph, or a list with the sentence before it."""

    pieces: tuple[str, ...]
    between: str
    """What stands between two pieces."""
    glue: str
    """What stands before this part where it follows another one."""
    lead: str = ""

    @property
    def text(self) -> str:
        return self.between.join(self.pieces)


def chunk(document: Document, uri: str, chunk_chars: int) -> list[Chunk]:
    """Return the document's passages in reading order, each of about `chunk_chars` or less."""
    found: list[Chunk] = []
    for path, blocks in groupby(document.blocks, key=lambda block: block.path):
        title = _title(document.title, path)
        for text in _pack(_parts(list(blocks), chunk_chars), chunk_chars):
            found.append(Chunk(_id(uri, len(found), title, text), title, len(found), text))
    return found


def _title(title: str, path: tuple[str, ...]) -> str:
    headings = path if path and path[0] == title else (title, *path)
    return " > ".join(heading[:_TITLE_CHARS] for heading in headings)


def _id(uri: str, position: int, title: str, text: str) -> UUID:
    digest = hashlib.sha256(f"{title}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()
    return uuid5(_NAMESPACE, f"{uri}\n{position}\n{digest}")


def _parts(blocks: list[Block], chunk_chars: int) -> Iterator[_Part]:
    lead, glue = "", "\n\n"
    for block, following in zip_longest(blocks, blocks[1:]):
        if block.kind is Kind.LINES:
            lines = [lead] * bool(lead) + block.text.split("\n")
            yield _Part(_bounded(lines, chunk_chars), "\n", glue if lead else "\n", lead)
            lead, glue = "", "\n\n"
            continue
        said = sentences(block.text)
        if following and following.kind is Kind.LINES:
            lead = said.pop()
        if said:
            yield _Part(_bounded(said, chunk_chars), " ", "\n\n")
            glue = " "  # what follows is the same paragraph, if it has a lead


def _bounded(pieces: Iterable[str], chunk_chars: int) -> tuple[str, ...]:
    """Divide the pieces that no passage could hold: at sentences, else at spaces, else anywhere."""
    bound = BOUND * chunk_chars
    found: list[str] = []
    for piece in pieces:
        if len(piece) <= bound:
            found.append(piece)
            continue
        for sentence in sentences(piece):
            found.extend([sentence] if len(sentence) <= bound else _slices(sentence, chunk_chars))
    return tuple(found)


def _slices(text: str, size: int) -> Iterator[str]:
    start = 0
    while len(text) - start > size:
        space = text.rfind(" ", start + 1, start + size + 1)
        end = space if space > 0 else start + size
        yield text[start:end]
        start = end + 1 if space > 0 else end
    yield text[start:]


def _pack(parts: Iterable[_Part], chunk_chars: int) -> Iterator[str]:
    held = ""
    for part in parts:
        text = part.text
        if held and len(held) + len(part.glue) + len(text) <= chunk_chars:
            held += part.glue + text
            continue
        if held:
            yield held
        *full, held = _divide(part, chunk_chars)
        yield from full
    if held:
        yield held


def _divide(part: _Part, chunk_chars: int) -> Iterator[str]:
    """Fill passages with a part's pieces; the last one may take more parts."""
    repeats = 0 < len(part.lead) <= chunk_chars // _LEAD_SHARE
    held: list[str] = []
    size = 0
    for piece in part.pieces:
        grown = size + len(part.between) * bool(held) + len(piece)
        # The sentence that introduces a list is not left alone, even if its first line is long.
        limit = chunk_chars * (BOUND if held == [part.lead] else 1)
        if held and grown > limit:
            yield part.between.join(held)
            held = [part.lead] if repeats else []
            size = len(part.lead) if repeats else 0
            grown = size + len(part.between) * bool(held) + len(piece)
            if grown > BOUND * chunk_chars:
                held, grown = [], len(piece)
        held.append(piece)
        size = grown
    yield part.between.join(held)

"""PDF: the text of each page, its lines joined to paragraphs again."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from pypdf import PasswordType, PdfReader
from pypdf.errors import DependencyError, LimitReachedError, PyPdfError

from app.errors import SourceUnreadable
from app.retrieval.document import Outline
from filters._text.sentences import sentences

_ENDS_SENTENCE = re.compile(r"[.!?:…]['\")\]\u201d\u2019]?$")
_HYPHENATED = re.compile(r"(?<=[a-z])[-\u00ad]$")
_SHORT_LINE = 0.75
"""A line shorter than this share of the page's longest may be the last of its paragraph."""


def read_pdf(content: bytes, outline: Outline, max_pages: int, max_chars: int) -> None:
    """Add a PDF to an outline, each page as a section.

    Raises:
        SourceUnreadable: it is damaged, encrypted, too long, or holds no text.
    """
    try:
        reader = _open(content)
        num_pages = len(reader.pages)
        if num_pages > max_pages:
            raise SourceUnreadable(f"the PDF has {num_pages} pages; at most {max_pages} are read")
        outline.title = _title(reader)
        pages = _texts(reader, max_chars)
        _add_pages(pages, outline)
    except LimitReachedError as error:
        raise SourceUnreadable("the PDF unpacks to more than is read") from error
    except PyPdfError as error:
        raise SourceUnreadable(f"the PDF is damaged ({type(error).__name__})") from error


def _open(content: bytes) -> PdfReader:
    reader = PdfReader(io.BytesIO(content))
    try:
        # Many PDFs are encrypted with an empty password, only to forbid printing.
        if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
            raise SourceUnreadable("the PDF needs a password")
    except DependencyError as error:
        raise SourceUnreadable("the PDF is encrypted in a way that is not supported") from error
    return reader


def _title(reader: PdfReader) -> str:
    title = reader.metadata.title if reader.metadata else None
    return " ".join(title.split()) if isinstance(title, str) else ""


def _texts(reader: PdfReader, max_chars: int) -> Iterator[str]:
    total = 0
    for page in reader.pages:
        text = page.extract_text()
        total += len(text)
        if total > max_chars:
            raise SourceUnreadable(f"the PDF holds more than {max_chars:,} characters")
        yield text
    if not total:
        raise SourceUnreadable("the PDF holds no text; scanned pages need text recognition first")


def _add_pages(pages: Iterator[str], outline: Outline) -> None:
    held = ""
    for number, text in enumerate(pages, 1):
        paragraphs = _paragraphs(text)
        if held and paragraphs:
            # The sentence goes on over the page break: it belongs to the page it began on.
            rest, *others = sentences(paragraphs.pop(0))
            outline.add_prose(_join(held, rest))
            held = ""
            paragraphs[:0] = [" ".join(others)] if others else []
        if paragraphs:
            outline.add_heading(2, f"page {number}")
            held = "" if _ENDS_SENTENCE.search(paragraphs[-1]) else paragraphs.pop()
        for paragraph in paragraphs:
            outline.add_prose(paragraph)
    outline.add_prose(held)


def _paragraphs(text: str) -> list[str]:
    lines = [" ".join(line.split()) for line in text.split("\n")]
    longest = max(map(len, lines), default=0)
    found: list[str] = []
    before = ""
    for line in lines:
        if before and line and not _is_break(before, line, longest):
            found[-1] = _join(found[-1], line)
        elif line:
            found.append(line)
        before = line
    return found


def _is_break(before: str, line: str, longest: int) -> bool:
    is_short = len(before) < _SHORT_LINE * longest
    return is_short and bool(_ENDS_SENTENCE.search(before) or not line[0].islower())


def _join(before: str, after: str) -> str:
    if _HYPHENATED.search(before) and after[:1].islower():
        return before[:-1] + after
    return f"{before} {after}"

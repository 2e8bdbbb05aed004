"""Turn a file's bytes into a document, by what the bytes are and what the name says."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import PurePath

from app.errors import SourceUnreadable
from app.retrieval.document import Document, Outline

MARKDOWN, HTML, PLAIN, PDF = "text/markdown", "text/html", "text/plain", "application/pdf"
MEDIA_TYPES = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), MARKDOWN),
    **dict.fromkeys((".html", ".htm", ".xhtml"), HTML),
    **dict.fromkeys((".txt", ".text", ".rst"), PLAIN),
    ".pdf": PDF,
}
"""By suffix. A search through folders takes these; a file that is named itself is always read."""

_PDF_MAGIC = b"%PDF-"
_CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MOST_CONTROLS = 0.02
"""Share of control characters from which on bytes are no text."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a source may be and how much work it may cost."""

    max_bytes: int = 20_000_000
    max_pages: int = 2_000
    max_chars: int = 4_000_000
    deadline_s: float = 60.0
    memory_bytes: int = 1_500_000_000


def parse(content: bytes, name: str, bounds: Bounds) -> Document:
    """Read a file's content; its name tells the format and, without a title, names the document.

    Raises:
        SourceUnreadable: it is empty, binary, too large, damaged or encrypted.
    """
    if len(content) > bounds.max_bytes:
        raise SourceUnreadable(f"larger than {bounds.max_bytes:,} bytes")
    outline = Outline()
    _read(content, media_type(content, name), outline, bounds)
    document = outline.finish(PurePath(name).stem)
    if not document.blocks:
        raise SourceUnreadable("holds no text")
    if sum(len(block.text) for block in document.blocks) > bounds.max_chars:
        raise SourceUnreadable(f"holds more than {bounds.max_chars:,} characters")
    return document


def media_type(content: bytes, name: str) -> str:
    """Return what a file holds: a PDF is known by its content, the rest by the name."""
    if _PDF_MAGIC in content[:1024]:
        return PDF
    return MEDIA_TYPES.get(PurePath(name).suffix.lower(), PLAIN)


def _read(content: bytes, kind: str, outline: Outline, bounds: Bounds) -> None:
    # Parsers are imported where they are used: none of them costs a start without new sources.
    match kind:
        case "application/pdf":
            from app.retrieval.formats.pdf import read_pdf

            read_pdf(content, outline, bounds.max_pages, bounds.max_chars)
        case "text/html":
            from app.retrieval.formats.html import read_html

            read_html(_html(content), outline)
        case "text/markdown":
            from app.retrieval.formats.markdown import read_markdown

            read_markdown(decode(content), outline)
        case _:
            from app.retrieval.formats.plain import read_plain

            read_plain(decode(content), outline)


def decode(content: bytes) -> str:
    """Return text by its byte order mark, else as UTF-8, else as Windows-1252.

    Raises:
        SourceUnreadable: the bytes are no text.
    """
    text = _unicode(content)
    if text is None:
        text = content.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _html(content: bytes) -> str | bytes:
    # Bytes in a declared encoding are left to the parser, which reads the declaration.
    declares = b"charset" in content[:2048].lower()
    return content if declares and _unicode(content) is None else decode(content)


def _unicode(content: bytes) -> str | None:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    if b"\0" in content or len(_CONTROLS.findall(content)) > _MOST_CONTROLS * len(content):
        raise SourceUnreadable("is a binary file, not text")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None

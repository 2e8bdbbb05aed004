import re
import zlib

import pytest

from app.errors import SourceUnreadable
from app.retrieval.document import Document, Outline
from app.retrieval.formats.pdf import read_pdf
from tests.app.retrieval.pdfs import assemble, pdf, stream

WIDE = "The gate holds the water back until it is needed below by the"


def read(content: bytes, *, max_pages: int = 10, max_chars: int = 10_000) -> Document:
    outline = Outline()
    read_pdf(content, outline, max_pages, max_chars)
    return outline.finish("fallback")


def test_lines_are_joined_and_pages_are_sections() -> None:
    pages = [["Introduction", f"{WIDE} tur-", "bine."], ["Next page."]]
    document = read(pdf(pages, title="Gates"))
    assert document.title == "Gates"
    assert [(block.text, block.path) for block in document.blocks] == [
        ("Introduction", ("page 1",)),
        (f"{WIDE} turbine.", ("page 1",)),
        ("Next page.", ("page 2",)),
    ]


def test_a_sentence_over_the_page_break_stays_whole() -> None:
    document = read(pdf([[WIDE], [], ["turbine. A new one."]]))
    assert [(block.text, block.path) for block in document.blocks] == [
        (f"{WIDE} turbine.", ("page 1",)),
        ("A new one.", ("page 3",)),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pdf([["text"]])[:300], "damaged"),
        (b"%PDF-1.7\n", "damaged"),
        (pdf([[]]), "holds no text"),
        (pdf([["text"]] * 11), "has 11 pages; at most 10"),
        (pdf([["words " * 100]] * 10), "holds more than 1,000 characters"),
    ],
    ids=["truncated", "head", "scanned", "pages", "chars"],
)
def test_unfit_files_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(SourceUnreadable, match=re.escape(reason)):
        read(content, max_chars=1_000)


def test_a_decompression_bomb_is_refused() -> None:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << >> >> >>",
        stream(zlib.compress(b" " * 80_000_000, 9), "/Filter /FlateDecode"),
    ]
    with pytest.raises(SourceUnreadable, match="unpacks to more"):
        read(assemble(objects))

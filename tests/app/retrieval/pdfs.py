"""Small PDFs, written by hand."""

from __future__ import annotations

from collections.abc import Sequence

_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def pdf(pages: Sequence[Sequence[str]], title: str = "") -> bytes:
    """Return a PDF with one text line below the other on each page."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        _FONT,
    ]
    for index, lines in enumerate(pages):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents "
            + f"{5 + 2 * index} 0 R".encode()
            + b" /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(stream(_content(lines)))
    return assemble(objects, f"/Info << /Title ({title}) >>" if title else "")


def stream(content: bytes, entries: str = "") -> bytes:
    """Return a stream object."""
    head = f"<< /Length {len(content)} {entries} >>\nstream\n"
    return head.encode() + content + b"\nendstream"


def assemble(objects: Sequence[bytes], trailer: str = "") -> bytes:
    """Return a file of numbered objects, the first of which is the catalogue."""
    body = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    return (
        body
        + f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode()
        + f"trailer << /Size {size} /Root 1 0 R {trailer} >>\n".encode()
        + f"startxref\n{len(body)}\n%%EOF\n".encode()
    )


def _content(lines: Sequence[str]) -> bytes:
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    return f"BT /F1 11 Tf 14 TL 50 750 Td {shown} ET".encode("latin-1")

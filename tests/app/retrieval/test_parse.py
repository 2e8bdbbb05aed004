import pytest

from app.errors import SourceUnreadable
from app.retrieval.parse import Bounds, decode, parse
from tests.app.retrieval.pdfs import pdf

BOUNDS = Bounds(max_bytes=10_000, max_chars=1_000)


def text(content: bytes, name: str) -> str:
    return "|".join(block.text for block in parse(content, name, BOUNDS).blocks)


def test_the_name_tells_the_format() -> None:
    assert text(b"# T\n\n*a*", "x.md") == "a"
    assert text(b"# T\n\n*a*", "x.txt") == "# T|*a*"
    assert text(b"<p>a", "X.HTML") == "a"
    assert text(b"*a*", "LICENSE") == "*a*"


def test_a_pdf_is_known_by_its_content() -> None:
    assert text(pdf([["Text."]]), "misnamed.txt") == "Text."
    with pytest.raises(SourceUnreadable, match="damaged"):
        text(b"Text.", "x.pdf")


def test_the_file_name_is_the_last_title() -> None:
    assert parse(b"a", "docs/notes.old.txt", BOUNDS).title == "notes.old"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings(encoding: str) -> None:
    assert decode("naïve “café”\r\nx\ry".encode(encoding)) == "naïve “café”\nx\ny"


def test_html_encodings() -> None:
    assert text("<p>café".encode(), "x.html") == "café"
    assert text("<p>café".encode("cp1252"), "x.html") == "café"
    assert text("<p>café".encode("utf-16"), "x.html") == "café"
    assert text(b"<meta charset=windows-1251><p>\xef\xf0", "x.html") == "пр"


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "x.md", "holds no text"),
        (b" \n\t\n", "x.txt", "holds no text"),
        (b"GIF89a\0\0", "x.txt", "binary"),
        (b"GIF89a\0\0", "x.html", "binary"),
        (bytes(range(1, 32)) * 4, "x", "binary"),
        (b"a" * 10_001, "x.txt", "larger than 10,000 bytes"),
        (b"a" * 1_001, "x.txt", "more than 1,000 characters"),
    ],
)
def test_unfit_files_are_refused(content: bytes, name: str, reason: str) -> None:
    with pytest.raises(SourceUnreadable, match=reason):
        parse(content, name, BOUNDS)


def test_terminal_colours_are_no_sign_of_a_binary() -> None:
    assert text(b"\x1b[1mbold\x1b[0m", "x.log")

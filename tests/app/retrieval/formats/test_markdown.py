from app.retrieval.document import Block, Document, Kind, Outline
from app.retrieval.formats.markdown import read_markdown


def read(text: str) -> Document:
    outline = Outline()
    read_markdown(text, outline)
    return outline.finish("fallback")


def texts(text: str) -> list[str]:
    return [block.text for block in read(text).blocks]


def test_markup_becomes_readable_text() -> None:
    source = 'Set `PENSTOCK_HOME` to **move** [the state](docs/x.md "t") &amp; more.'
    assert texts(source) == ["Set PENSTOCK_HOME to move the state & more."]
    assert texts("![a picture](x.png) and <b>bold</b> ~~gone~~") == ["a picture and bold gone"]
    assert texts("one\ntwo\\\nthree<br>four  \nfive") == ["one two three four five"]


def test_blocks_know_their_headings() -> None:
    document = read("# Guide\n\nIntro.\n\n## Setup\n\nDo.\n\n### Deep\n\nMore.\n\n## Use\n\nGo.")
    assert document.title == "Guide"
    assert [(block.text, block.path) for block in document.blocks] == [
        ("Intro.", ("Guide",)),
        ("Do.", ("Guide", "Setup")),
        ("More.", ("Guide", "Setup", "Deep")),
        ("Go.", ("Guide", "Use")),
    ]


def test_a_heading_with_nothing_below_is_kept() -> None:
    document = read("# Guide\n\n## Empty\n\n## Last")
    assert [(block.text, block.path) for block in document.blocks] == [
        ("Empty", ("Guide",)),
        ("Last", ("Guide",)),
    ]


def test_lists_keep_their_items_and_depth() -> None:
    source = "1. one\n   - deep\n\n     more\n2. two\n\n   ```\n   x = 1\n   ```\n"
    expected = "1. one\n   - deep\n     more\n2. two\n   x = 1"
    assert read(source).blocks == (Block(Kind.LINES, expected),)


def test_code_keeps_its_lines() -> None:
    source = "```python\ndef f():\n    return 1\n\n\nf()\n```\n"
    assert read(source).blocks == (Block(Kind.LINES, "def f():\n    return 1\n\n\nf()"),)


def test_drawings_are_left_out() -> None:
    assert texts("One.\n\n```mermaid\nflowchart LR\n  a --> b\n```\n\nTwo.") == ["One.", "Two."]


def test_a_table_says_each_column_in_each_row() -> None:
    source = "| Key | Default | |\n|---|---|---|\n| `port` | 8000 | x |\n| host | | |\n"
    assert texts(source) == ["Key: port; Default: 8000; x\nKey: host"]
    assert texts("| a | b |\n|---|---|\n") == ["a; b"]


def test_quotes_and_html_are_read_but_open_no_section() -> None:
    document = read("# A\n\n> ## Quoted\n> words\n\n<p align=center>html <i>text</i></p>\n\nEnd.")
    assert [block.text for block in document.blocks] == ["Quoted", "words", "html text", "End."]
    assert {block.path for block in document.blocks} == {("A",)}


def test_front_matter_gives_the_title() -> None:
    document = read('---\ntitle: "The guide"\ntags: [a]\n---\n\n# Heading\n\nText.')
    assert document.title == "The guide"
    assert [block.text for block in document.blocks] == ["Text."]
    assert read("Text.").title == "fallback"


def test_an_endless_heading_is_a_paragraph() -> None:
    heading = "word " * 100
    assert [(b.text, b.path) for b in read(f"# {heading}\n\nText.").blocks] == [
        (heading.strip(), ()),
        ("Text.", ()),
    ]

from app.retrieval.document import Document, Outline
from app.retrieval.formats.html import read_html


def read(text: str | bytes) -> Document:
    outline = Outline()
    read_html(text, outline)
    return outline.finish("fallback")


def texts(text: str) -> list[str]:
    return [block.text for block in read(text).blocks]


def test_a_page_gives_title_headings_and_paragraphs() -> None:
    document = read(
        "<html><head><title>My\n page</title></head><body><h1>Head</h1><p>One <b>bold</b> word."
        "<h2>Part</h2>Loose text<div>In a div<p>and a paragraph</p>after it</div></body>"
    )
    assert document.title == "My page"
    assert [(block.text, block.path) for block in document.blocks] == [
        ("One bold word.", ("Head",)),
        ("Loose text", ("Head", "Part")),
        ("In a div", ("Head", "Part")),
        ("and a paragraph", ("Head", "Part")),
        ("after it", ("Head", "Part")),
    ]


def test_what_no_reader_reads_is_left_out() -> None:
    page = (
        "<nav>menu</nav><script>alert(1)</script><style>p{}</style><!-- note --><p>Text."
        "<footer>imprint</footer><template>t</template><div hidden>h</div><button>b</button>"
    )
    assert texts(page) == ["Text."]
    assert texts("<div>around</div><main><p>Only this.</p></main>") == ["Only this."]


def test_lists_tables_and_code_keep_their_lines() -> None:
    assert texts("<ul><li>one<li>two<p>more</p><ul><li>deep</ul></ul>") == [
        "- one\n- two\n  more\n  - deep"
    ]
    table = "<table><tr><th>Key<th>Default<tr><td>port<td><b>80</b>00</table>"
    assert texts(table) == ["Key: port; Default: 80 00"]
    assert texts("<table><tr><td>a<td>b<tr><td>c</table>") == ["a; b\nc"]
    assert texts("<p>Run:</p><pre>\nmake\n  run</pre>") == ["Run:", "make\n  run"]


def test_line_breaks_and_pictures_are_words() -> None:
    assert texts("<p>one<br>two<img alt='a gate'>three</p>") == ["one two a gate three"]


def test_the_declared_encoding_counts() -> None:
    page = '<meta charset="shift_jis"><p>水門</p>'.encode("shift_jis")
    assert [block.text for block in read(page).blocks] == ["水門"]


def test_deep_nesting_is_read() -> None:
    assert texts("<b>" * 50_000 + "x") == ["x"]
    assert texts("<ul><li>" * 200 + "x")[0].endswith("- x")

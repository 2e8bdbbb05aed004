import re

from hypothesis import given, settings
from hypothesis import strategies as st

from app.retrieval.chunk import BOUND, Chunk, chunk
from app.retrieval.document import Block, Document, Kind
from app.retrieval.parse import Bounds, parse
from filters._text.sentences import sentences

SIZE = 100
SENTENCE = "This sentence has about fifty characters in total."


def cut(markdown: str, size: int = SIZE) -> list[Chunk]:
    return chunk(parse(markdown.encode(), "guide.md", Bounds()), "guide.md", size)


def texts(markdown: str, size: int = SIZE) -> list[str]:
    return [found.text for found in cut(markdown, size)]


def test_a_chunk_never_reaches_over_a_heading() -> None:
    found = cut("# Guide\n\nOne.\n\n## Part\n\nTwo.\n\nThree.\n\n# Other\n\nFour.")
    assert [(piece.title, piece.text) for piece in found] == [
        ("Guide", "One."),
        ("Guide > Part", "Two.\n\nThree."),
        ("Guide > Other", "Four."),
    ]
    assert [piece.position for piece in found] == [0, 1, 2]


def test_paragraphs_stay_whole_where_they_fit() -> None:
    assert texts(f"{SENTENCE}\n\n{SENTENCE} More.\n\nLast.") == [
        SENTENCE,
        f"{SENTENCE} More.\n\nLast.",
    ]


def test_a_long_paragraph_is_divided_between_sentences() -> None:
    assert texts(f"{SENTENCE} {SENTENCE} {SENTENCE}\n\nLast.") == [
        SENTENCE,
        SENTENCE,
        f"{SENTENCE}\n\nLast.",
    ]


def test_a_list_stays_with_the_sentence_before_it() -> None:
    lead = "These are the parts:"
    items = "- the gate\n- the pipe of the mill"
    assert texts(f"First. {lead}\n\n{items}") == [f"First. {lead}\n{items}"]
    assert texts(f"{SENTENCE} First. {lead}\n\n{items}") == [
        f"{SENTENCE} First.",
        f"{lead}\n{items}",
    ]


def test_a_divided_list_says_its_sentence_again() -> None:
    found = texts("The parts are:\n\n" + "\n".join(f"- the part number {n}" for n in range(10)))
    assert len(found) > 1
    assert all(text.startswith("The parts are:\n- the part") for text in found)
    assert [line for text in found for line in text.split("\n")[1:]] == [
        f"- the part number {n}" for n in range(10)
    ]


def test_a_sentence_is_cut_only_beyond_the_bound() -> None:
    long = " ".join(["word"] * 38)
    assert SIZE < len(long) < BOUND * SIZE
    assert texts(long) == [long]
    words = [f"word{n}" for n in range(100)]
    assert " ".join(texts(" ".join(words))).split() == words


def test_ids_are_stable_and_differ() -> None:
    same = "# T\n\nOne.\n\n## A\n\nSame.\n\n## B\n\nSame."
    assert [piece.id for piece in cut(same)] == [piece.id for piece in cut(same)]
    assert len({piece.id for piece in cut(same)}) == 3
    assert cut(same)[0].id == cut(same.replace("## A", "## C"))[0].id
    document = parse(b"One.", "a.md", Bounds())
    assert chunk(document, "a.md", SIZE)[0].id != chunk(document, "b.md", SIZE)[0].id


WORD = st.from_regex(r"[a-z]{1,12}[.:!?]?|[A-Z][a-z]{0,8}|e\.g\.|x{250}|水門。?", fullmatch=True)
TEXT = st.lists(WORD, min_size=1, max_size=40).map(" ".join)
LINES = st.lists(st.lists(WORD, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=6)
BLOCK = st.one_of(
    st.builds(Block, st.just(Kind.PROSE), TEXT, st.sampled_from([(), ("A",), ("A", "B")])),
    st.builds(
        Block,
        st.just(Kind.LINES),
        LINES.map("\n".join),
        st.sampled_from([(), ("A",), ("A", "B")]),
    ),
)


@settings(max_examples=50)
@given(st.lists(BLOCK, max_size=5), st.integers(100, 400))
def test_no_text_is_lost_and_no_chunk_is_over_the_bound(blocks: list[Block], size: int) -> None:
    found = chunk(Document("T", tuple(blocks)), "uri", size)
    assert all(0 < len(piece.text) <= BOUND * size for piece in found)
    squeezed = ["".join(piece.text.split()) for piece in found]
    for block in blocks:
        for sentence in sentences(block.text):
            if len(sentence) <= BOUND * size and block.kind is Kind.PROSE:
                assert any("".join(sentence.split()) in text for text in squeezed)
    lost = set(_words(blocks)) - {word for piece in found for word in piece.text.split()}
    assert all(len(word) > size for word in lost)  # only those were cut
    whole = "".join(squeezed)
    assert all(whole.count("x" * size) or len(word) <= size for word in lost)


def _words(blocks: list[Block]) -> list[str]:
    return [word for block in blocks for word in block.text.split()]


MARKUP = st.sampled_from(
    ["{}", "*{}*", "**{}**", "`{}`", "[{}](http://x.y)", "# {}", "### {}", "- {}", "1. {}", "> {}"]
)


@given(
    st.lists(st.tuples(MARKUP, st.lists(st.from_regex(r"[a-z]{2,9}", fullmatch=True), min_size=1)))
)
def test_every_word_of_a_markdown_text_is_in_some_chunk(parts: list[tuple[str, list[str]]]) -> None:
    source = "\n\n".join(markup.format(" ".join(words)) for markup, words in parts) or "empty"
    found = cut(source)
    kept = set(re.findall(r"[a-z]+", " ".join(f"{piece.title} {piece.text}" for piece in found)))
    assert {word for _, words in parts for word in words} <= kept

from app.retrieval.document import Block, Kind, Outline
from app.retrieval.formats.plain import read_plain


def read(text: str) -> tuple[Block, ...]:
    outline = Outline()
    read_plain(text, outline)
    return outline.finish("fallback").blocks


def test_wrapped_lines_are_one_paragraph() -> None:
    wrapped = "The gate holds the water back until the old\nmiller opens it in the early morning."
    assert read(f"{wrapped}\n \nNext.") == (
        Block(Kind.PROSE, wrapped.replace("\n", " ")),
        Block(Kind.PROSE, "Next."),
    )


def test_short_and_indented_lines_stand_for_themselves() -> None:
    assert read("roses\nviolets") == (Block(Kind.LINES, "roses\nviolets"),)
    long_item = "- an item that is long enough to look like a wrapped line of prose"
    assert read(f"{long_item}\n- two") == (Block(Kind.LINES, f"{long_item}\n- two"),)
    assert read("    code\n      more") == (Block(Kind.LINES, "    code\n      more"),)


def test_underlined_lines_are_headings() -> None:
    blocks = read("Guide\n=====\n\nIntro.\n\nPart\n----\nText.\n\nOther\n=====\n\nEnd.")
    assert [(block.text, block.path) for block in blocks] == [
        ("Intro.", ("Guide",)),
        ("Text.", ("Guide", "Part")),
        ("End.", ("Other",)),
    ]


def test_a_rule_is_no_heading() -> None:
    assert [block.path for block in read("------\n\ntext")] == [(), ()]

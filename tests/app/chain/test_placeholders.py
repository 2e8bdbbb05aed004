"""What stands for hidden texts is numbered, kept whole and masked."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from app.chain.placeholders import MASK, PlaceholderBook, masked
from filters import Finding, Item, Placeholders, Range, Stage
from tests.app.chain.hiding import Names, Repeating, names
from tests.app.chain.sample_filters import instance
from tests.app.pipelines import INPUT, Setup, asked, word


def test_the_same_text_has_the_same_number() -> None:
    book = PlaceholderBook(taken=["what does [E_MAIL_2] mean?"])

    given = [book.placeholder("e-mail", text, restore=text == "a") for text in "abac"]

    assert given == ["[E_MAIL_1]", "[E_MAIL_3]", "[E_MAIL_1]", "[E_MAIL_4]"]
    assert book.restorable == {"[E_MAIL_1]": "a"}


def test_in_any_case_it_has_the_same_number_and_comes_back_as_it_came_first() -> None:
    book = PlaceholderBook()

    forms = ["Ada Byron", "ADA BYRON", "ada\n  byron", "Ada", "Byron, Ada"]
    given = [book.placeholder("p", text, restore=True, ignore_case=True) for text in forms]

    assert given == ["[P_1]", "[P_1]", "[P_1]", "[P_2]", "[P_3]"]
    assert book.restorable == {"[P_1]": "Ada Byron", "[P_2]": "Ada", "[P_3]": "Byron, Ada"}


def test_where_the_form_matters_each_has_its_own() -> None:
    book = PlaceholderBook()

    book.placeholder("p", "Key", restore=True, ignore_case=True)
    given = [book.placeholder("p", text, restore=True) for text in ("key", "Key", "KEY")]

    assert given == ["[P_2]", "[P_1]", "[P_3]"]
    assert book.restorable == {"[P_1]": "Key", "[P_2]": "key", "[P_3]": "KEY"}


def test_what_later_texts_mean_otherwise_does_not_come_back() -> None:
    book = PlaceholderBook()
    book.placeholder("p", "Ada", restore=True)
    book.placeholder("p", "Grace", restore=True)

    book.leave_out(["[P_1] and [P_3]"])

    assert book.placeholder("p", "Ada", restore=True) == "[P_1]"
    assert book.placeholder("p", "Edsger", restore=True) == "[P_4]"
    assert book.restorable == {"[P_2]": "Grace", "[P_4]": "Edsger"}


@given(st.text(), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5))
def test_a_mask_covers_its_stretches_and_nothing_else(
    text: str, spans: list[tuple[int, int]]
) -> None:
    covered = {place for start, end in spans for place in range(start, end)}

    expected = "".join(MASK if at in covered else char for at, char in enumerate(text))
    assert masked(text, spans) == expected


class Capitals(Names):
    """Takes everything in capitals, and what surrounds it, for names."""

    async def check(self, item: Item) -> Finding | None:
        found = re.finditer(r"[\[A-Z\d]{2,}[\w\]]*(?: [A-Z\d]{2,})*", item.text)
        ranges = tuple(Range(m.start(), m.end(), "name") for m in found)
        return Finding(1.0, "name", ranges) if ranges else None


async def test_what_is_hidden_already_is_not_hidden_again() -> None:
    capitals = {
        stage: instance(
            Capitals(Placeholders(restore=True)), id=f"c-{stage}", action="rewrite", stage=stage
        )
        for stage in (INPUT, Stage.OUTPUT)
    }
    chain = [names(), *capitals.values(), instance(word("EMA", "x"), id="w", action="rewrite")]
    setup, exchange = Setup(chain=chain, engine=Repeating([])), asked("I, N1, and N2 BOB and EVA.")

    await setup.pipeline.run(exchange)

    assert exchange.completion == "I, [NAME_1], and [NAME_2] [NAME_3] and [NAME_4]."
    assert exchange.released == "I, N1, and N2 BOB and EVA."


async def test_what_only_looks_hidden_is_hidden() -> None:
    capitals = instance(Capitals(Placeholders()), stage=INPUT, action="rewrite")
    setup, exchange = Setup("Ok.", chain=[capitals]), asked("I, [BOB_1], and ADA.")

    await setup.pipeline.run(exchange)

    read = setup.engine.prompts[0].messages[-1].content
    assert read == "I, [NAME_1], and [NAME_2]."


def test_a_part_of_a_placeholder_is_not_replaced_and_what_holds_one_is() -> None:
    book = PlaceholderBook()
    text = f"{book.placeholder('mail', 'a@b.org', restore=True)} and [MAIL_2]"
    inside, other, whole = Range(1, 5, "w"), Range(14, 18, "w"), Range(0, len(text), "w")

    for numbers in (True, False):
        assert book.sparing(text, Finding(1.0, "w", (inside,)), numbers=numbers) is None
    spared = book.sparing(text, Finding(1.0, "w", (inside, other)), numbers=False)
    assert spared == Finding(1.0, "w", (other,))
    all_of_it = Finding(1.0, "w", (whole,))
    assert book.sparing(text, all_of_it, numbers=False) == all_of_it
    spared = book.sparing(text, all_of_it, numbers=True)
    assert spared == Finding(1.0, "w", (Range(9, len(text), "w"),))

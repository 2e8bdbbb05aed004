from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.retrieval.index import PassageIndex
from filters import Passage


def passage(text: str, title: str = "", id: str = "") -> Passage:
    return Passage(id=id or text, text=text, source="guide.md", title=title)


def rows(*values: list[float]) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


NORTH, EAST, NOWHERE = [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]
GATE, PIPE, MILL = passage("the gate"), passage("the pipe"), passage("the mill")


def ids(found: list[Passage]) -> list[str]:
    return [one.id for one in found]


def test_meaning_and_words_are_both_heard() -> None:
    index = PassageIndex([GATE, PIPE, MILL], rows(NORTH, EAST, NOWHERE))
    found = index.search("pipes and mills", np.array(EAST, np.float32), 3)
    assert ids(found) == ["the pipe", "the mill"]
    assert found[0].score == pytest.approx(1.0)
    assert 0.4 < found[1].score < 0.5
    assert replace(found[0], score=0.0) == PIPE


def test_either_alone_finds() -> None:
    index = PassageIndex([GATE, PIPE], rows(NORTH, NOWHERE))
    assert ids(index.search("valve", np.array(NORTH, np.float32), 4)) == ["the gate"]
    assert ids(index.search("pipe", np.array(EAST, np.float32), 4)) == ["the pipe"]
    assert index.search("valve", np.array(EAST, np.float32), 4) == []


def test_words_of_the_heading_count() -> None:
    index = PassageIndex([GATE, passage("see below", "Guide > Pipes")], rows(NOWHERE, NOWHERE))
    assert ids(index.search("a pipe", np.array(EAST, np.float32), 4)) == ["see below"]


def test_the_order_of_the_passages_decides_between_equals() -> None:
    twins = [passage(f"gate {number:03}") for number in range(300)]
    index = PassageIndex(twins, rows(*[NORTH] * 300))
    expected = [one.id for one in twins[:5]]
    assert ids(index.search("gate", np.array(NORTH, np.float32), 5)) == expected
    assert ids(index.search("gate", np.array(NORTH, np.float32), 200))[:5] == expected


def test_no_text_comes_twice() -> None:
    index = PassageIndex(
        [passage("the gate", id="1"), passage("the gate", id="2")], rows(NORTH, NORTH)
    )
    assert ids(index.search("gate", np.array(NORTH, np.float32), 4)) == ["1"]


def test_an_empty_index_finds_nothing() -> None:
    index = PassageIndex([], np.zeros((0, 2), np.float32))
    assert len(index) == 0
    assert index.search("gate", np.array(NORTH, np.float32), 4) == []


def test_passages_and_queries_without_words() -> None:
    index = PassageIndex([passage("of the"), passage("...")], rows(NORTH, EAST))
    assert ids(index.search("is it?", np.array(NORTH, np.float32), 4)) == ["of the"]
    assert ids(index.search("", np.array(NORTH, np.float32), 1)) == ["of the"]


def test_as_many_vectors_as_passages() -> None:
    with pytest.raises(ValueError, match="every passage"):
        PassageIndex([GATE], rows(NORTH, EAST))


def test_a_rare_word_finds_its_passage_among_many() -> None:
    many = [passage(f"Set OPTION_{number} in the file.") for number in range(500)]
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((500, 16)).astype(np.float32)
    index = PassageIndex(many, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    for number in range(0, 500, 50):
        found = index.search(f"what about {number}?", vectors[0], 3)
        assert f"Set OPTION_{number} in the file." in ids(found)

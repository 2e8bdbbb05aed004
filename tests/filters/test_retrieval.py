import pytest
from pydantic import ValidationError

from app.testing import conformance
from filters import Context, Filter, Finding, Item, Passage, Stage, Unit
from filters.retrieval import Retrieval, RetrievalOptions

GATE = Passage("1", "The gate holds the water.", "guide.md", "Gates", score=0.9)
PIPE = Passage("2", "The pipe leads it down.", "guide.md", "Pipes", score=0.4)


class Shelf:
    """A retriever over two passages: the whole of the resources this filter takes."""

    def __init__(self, *passages: Passage) -> None:
        self.passages = passages
        self.queries: list[tuple[str, int]] = []

    async def search(self, query: str, limit: int) -> list[Passage]:
        self.queries.append((query, limit))
        return list(self.passages[:limit])


class OnlyRetriever:
    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    async def retriever(self) -> Shelf:
        return self.shelf


async def opened(shelf: Shelf, **options: float) -> Filter:
    judge = Retrieval(RetrievalOptions.model_validate(options))
    await judge.setup(OnlyRetriever(shelf))  # type: ignore[arg-type]  # it asks for nothing else
    return judge


def item(text: str, *passages: Passage) -> Item:
    return Item(text, Context(Stage.INPUT, text, passages))


async def test_passages_are_found_and_nothing_is_held_against_the_question() -> None:
    shelf = Shelf(GATE, PIPE)
    judge = await opened(shelf, limit=3)
    finding = await judge.check(item("What holds the water?"))
    assert finding == Finding(score=0.0, label="passages", passages=(GATE, PIPE))
    assert shelf.queries == [("What holds the water?", 3)]


async def test_weak_passages_are_left_out() -> None:
    judge = await opened(Shelf(GATE, PIPE), min_score=0.5)
    finding = await judge.check(item("What holds the water?"))
    assert finding is not None
    assert finding.passages == (GATE,)
    judge = await opened(Shelf(PIPE), min_score=0.5)
    assert await judge.check(item("What holds the water?")) is None


async def test_passages_of_the_client_are_enough() -> None:
    shelf = Shelf(GATE)
    judge = await opened(shelf)
    assert await judge.check(item("What holds the water?", PIPE)) is None
    assert await judge.check(item(" \n")) is None
    assert shelf.queries == []


async def test_it_conforms() -> None:
    await conformance.check_filter(await opened(Shelf(GATE, PIPE)), examples=[item("Water?")])


def test_it_stands_at_the_input_and_reads_the_question_whole() -> None:
    assert Retrieval.stages == {Stage.INPUT}
    assert Retrieval.unit == Unit.document()
    assert not Retrieval.every_message


@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": 33}, {"min_score": 1.5}, {"k": 1}])
def test_wrong_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        RetrievalOptions.model_validate(options)

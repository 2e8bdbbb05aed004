"""An exchange's page marks what was found where it was found."""

from __future__ import annotations

import pytest

from app.exchange import Action, Mode, Verdict
from app.review.view import exchange_view
from filters import Passage, Range, Stage
from tests.exchanges import make_exchange


@pytest.mark.parametrize("stage", [Stage.INPUT, Stage.RETRIEVAL])
def test_findings_in_passages_are_marked_there(stage: Stage) -> None:
    passages = (Passage("1", "All is well.", "mail"), Passage("2", "An evil plan.", "mail"))
    exchange = make_exchange("Is evil near?", passages=passages)
    start = exchange.passage_starts[1] + 3
    verdict = Verdict(
        *("words", "keyword", "1", stage, Action.FLAG, Mode.ENFORCE, 1.0, 0.5, "evil"),
        ranges=(Range(3, 7, "evil"), Range(start, start + 4, "evil")),
    )
    exchange.verdicts = [verdict]

    view = exchange_view(exchange)

    (message,) = view["messages"]
    first, second = view["passages"]
    in_prompt = ["evil"] if stage is Stage.INPUT else []
    assert [s.text for s in message.parts if s.kinds == "flag"] == in_prompt
    assert [s.kinds for s in first.parts] == [""]
    assert [(s.text, s.kinds) for s in second.parts] == [
        ("An ", ""),
        ("evil", "flag"),
        (" plan.", ""),
    ]

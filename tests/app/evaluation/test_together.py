"""Several filters are counted as one where they stand at one stage."""

from __future__ import annotations

from typing import Literal

from app.evaluation.evaluation import Evaluation, evaluate
from app.evaluation.judged import Scored
from app.evaluation.together import together
from app.settings import ChainEntry
from filters import Stage
from tests.app.evaluation.rows import judged_rows


def sample(
    id_: str, scores: list[float | None], stage: Stage, action: Literal["block", "flag"] = "flag"
) -> Evaluation:
    """Return figures on two bad texts and then harmless ones; None is no score."""
    rows = [
        Scored(
            n < 2, "en" if n % 2 else "de", score or 0.0, 1.0, "raised" if score is None else None
        )
        for n, score in enumerate(scores)
    ]
    entry = ChainEntry(id=id_, filter="sample", stage=stage, action=action)
    return evaluate(judged_rows(rows), entry, version="1", target_rate=0.1)


def test_what_any_of_them_hits_counts_once() -> None:
    one = sample("one", [0.9, 0.1, 0.6, 0.1], Stage.INPUT, "block")
    other = sample("other", [0.9, 0.9, 0.6, 0.1], Stage.INPUT)
    [stage] = together([one, other])

    assert (stage.found.caught, stage.found.alarms) == (2, 1)
    assert (stage.blocked.caught, stage.blocked.alarms) == (1, 1)
    assert [(name, counts.caught) for name, counts in stage.groups] == [("de", 1), ("en", 1)]


def test_a_text_that_one_of_them_could_not_judge_is_left_out() -> None:
    one = sample("one", [0.9, 0.1, None, 0.1], Stage.INPUT)
    other = sample("other", [0.1, 0.1, 0.9, 0.9], Stage.INPUT)
    [stage] = together([one, other])

    assert stage.unscored == 1
    assert (stage.found.caught, stage.found.alarms, stage.found.harmless) == (1, 1, 1)


def test_stages_are_apart_and_one_filter_is_not_several() -> None:
    evaluations = [
        sample("a", [0.9, 0.9, 0.1], Stage.INPUT),
        sample("b", [0.9, 0.9, 0.1], Stage.OUTPUT),
        sample("c", [0.1, 0.1, 0.9], Stage.OUTPUT),
    ]
    [stage] = together(evaluations)

    assert (stage.stage, stage.ids) == ("output", ("b", "c"))
    assert (stage.found.caught, stage.found.alarms, stage.blocked.caught) == (2, 1, 0)
